import StrictJSON

/// An image index or an image manifest, told apart strictly.
///
/// A document that could be read as both is refused (CVE-2021-41190): it must not have `manifests` beside `layers`,
/// `config` or `fsLayers`, and its `mediaType`, where present, must be the one it is served and referred to with.
public enum ImageDocument: Sendable {
    /// One manifest a platform.
    case index(ImageIndex)
    /// One image.
    case manifest(ImageManifest)

    /// The largest index, manifest or config that is read, 4 MiB, as registries allow.
    public static let maximumSize = 4 << 20

    /// Parses the bytes of a document of a known media type.
    ///
    /// - Parameters:
    ///   - bytes: The document, already compared with its digest.
    ///   - mediaType: What the descriptor or the registry says it is.
    /// - Throws: `OCIError` with code `invalidDocument` or `invalidDigest`.
    public init(parsing bytes: [UInt8], mediaType: MediaType) throws(OCIError) {
        let node: JSONNode
        let hasManifests: Bool
        let hasImageParts: Bool
        let written: String?
        do throws(JSONError) {
            node = try JSONNode(parsing: bytes, parser: JSONParser(maximumSize: Self.maximumSize))
            guard try node.member("schemaVersion").integer(in: 0...Int64.max) == 2 else {
                throw JSONError(
                    .mismatch, "$.schemaVersion is not 2; docker's schema 1 is not supported, push the image again")
            }
            try node.refuseLookalikes(of: [
                "artifactType", "config", "fsLayers", "layers", "manifests", "mediaType", "schemaVersion", "subject",
            ])
            let names = try node.members().map(\.name)
            hasManifests = names.contains("manifests")
            hasImageParts = ["layers", "config", "fsLayers"].contains(where: names.contains)
            written = try node.optional("mediaType")?.string()
        } catch {
            throw OCIError(.invalidDocument, error.message)
        }
        guard !(hasManifests && hasImageParts) else {
            throw OCIError(
                .invalidDocument, "the document is ambiguous: it has manifests and layers, config or fsLayers")
        }
        if let written, written != mediaType.rawValue {
            throw OCIError(.invalidDocument, "the document calls itself \(written), but is referred to as \(mediaType)")
        }
        if mediaType.isIndex {
            self = .index(try ImageIndex(json: node))
        } else if mediaType.isManifest {
            self = .manifest(try ImageManifest(json: node))
        } else {
            throw OCIError(.invalidDocument, "\(mediaType) is neither an image index nor an image manifest")
        }
    }

    /// What the document is about; nil for images, which stand for themselves.
    public var subject: Digest? {
        switch self {
        case .index(let index): index.subject
        case .manifest(let manifest): manifest.subject
        }
    }

    /// What kind of artifact it says it is: its own type, else that of its config.
    public var artifactType: String? {
        switch self {
        case .index(let index): index.artifactType
        case .manifest(let manifest): manifest.artifactType ?? manifest.config.mediaType.rawValue
        }
    }

    fileprivate static func artifactType(_ node: JSONNode) throws(OCIError) -> String? {
        do throws(JSONError) {
            let type = try node.optional("artifactType")?.string()
            return type == "" ? nil : type
        } catch {
            throw OCIError(.invalidDocument, error.message)
        }
    }

    fileprivate static func subject(_ node: JSONNode) throws(OCIError) -> Digest? {
        let subject: JSONNode?
        do throws(JSONError) { subject = try node.optional("subject") } catch {
            throw OCIError(.invalidDocument, error.message)
        }
        return try subject.map { (node) throws(OCIError) in try Descriptor(json: node).digest }
    }
}

/// A list of manifests, one a platform.
///
/// Spec: image-spec v1.1 image-index.md; Docker manifest list.
public struct ImageIndex: Sendable {
    /// The manifests, in the order of the document.
    public let manifests: [Descriptor]
    /// What the index is about, as an artifact of several parts is; nil for an image.
    public let subject: Digest?
    let artifactType: String?

    init(json node: JSONNode) throws(OCIError) {
        let elements: [JSONNode]
        do throws(JSONError) { elements = try node.member("manifests").elements() } catch {
            throw OCIError(.invalidDocument, error.message)
        }
        var manifests: [Descriptor] = []
        for element in elements { manifests.append(try Descriptor(json: element)) }
        self.manifests = manifests
        subject = try ImageDocument.subject(node)
        artifactType = try ImageDocument.artifactType(node)
    }

    /// The best manifest for a platform; among equals the first.
    public func manifest(for platform: Platform) -> Descriptor? {
        var best: (rank: Int, descriptor: Descriptor)?
        for descriptor in manifests where descriptor.mediaType.isManifest {
            guard let rank = descriptor.platform?.rank(for: platform) else { continue }
            if best.map({ rank < $0.rank }) ?? true { best = (rank, descriptor) }
        }
        return best?.descriptor
    }
}

/// One image: its config and its layers, lowest first.
///
/// Spec: image-spec v1.1 manifest.md; Docker Image Manifest V 2, Schema 2.
public struct ImageManifest: Sendable {
    /// The image config; its digest is the image ID.
    public let config: Descriptor
    /// The layers, lowest first.
    public let layers: [Descriptor]
    /// What the manifest is about, as a signature or an SBOM is; nil for an image.
    public let subject: Digest?
    let artifactType: String?

    init(json node: JSONNode) throws(OCIError) {
        let configNode: JSONNode
        let elements: [JSONNode]
        do throws(JSONError) {
            configNode = try node.member("config")
            elements = try node.member("layers").elements()
        } catch {
            throw OCIError(.invalidDocument, error.message)
        }
        config = try Descriptor(json: configNode)
        var layers: [Descriptor] = []
        for element in elements { layers.append(try Descriptor(json: element)) }
        self.layers = layers
        subject = try ImageDocument.subject(node)
        artifactType = try ImageDocument.artifactType(node)
    }
}
