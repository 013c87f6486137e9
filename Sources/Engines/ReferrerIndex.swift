import Cryptography
public import OCI
public import StrictJSON

/// The list of what points to a digest, as registries without an API for it keep it under a tag.
///
/// Spec: distribution-spec v1.1 § Referrers Tag Schema.
public struct ReferrerIndex: Sendable {
    private var members: [JSONMember]
    private var entries: [JSONValue]
    private var listed: Set<Digest>

    /// An empty list.
    public init() {
        members = [
            JSONMember(name: "schemaVersion", value: .integer(2)),
            JSONMember(name: "mediaType", value: .string(MediaType.ociIndex.rawValue)),
        ]
        entries = []
        listed = []
    }

    /// The list that is there; whatever it holds of others stays in it.
    ///
    /// - Throws: `OCIError` when it is no image index.
    public init(parsing bytes: [UInt8]) throws(OCIError) {
        guard case .index(let index) = try ImageDocument(parsing: bytes, mediaType: .ociIndex) else {
            throw OCIError(.invalidDocument, "it is no image index")
        }
        listed = Set(index.manifests.map(\.digest))
        do throws(JSONError) {
            let node = try JSONNode(parsing: bytes, parser: JSONParser(maximumSize: ImageDocument.maximumSize))
            entries = try node.member("manifests").elements().map(\.value)
            members = try node.members().filter { $0.name != "manifests" }
                .map { JSONMember(name: $0.name, value: $0.node.value) }
        } catch {
            throw OCIError(.invalidDocument, error.message)
        }
    }

    /// Whether a document is in it.
    public func lists(_ digest: Digest) -> Bool { listed.contains(digest) }

    /// The list with what is not in it behind what is there; nil where it lists all of it.
    ///
    /// - Throws: `OCIError` when a document cannot be read, or the list would be larger than registries take it.
    public func adding(_ documents: [TargetImage.Document]) throws(OCIError) -> TargetImage.Document? {
        var index = self
        for document in documents.sorted(by: { $0.descriptor.digest < $1.descriptor.digest })
        where index.listed.insert(document.descriptor.digest).inserted {
            index.entries.append(try Self.entry(document))
        }
        guard index.listed.count > listed.count else { return nil }
        let document = index.document
        guard document.bytes.count <= ImageDocument.maximumSize else {
            throw OCIError(.invalidDocument, "it would be larger than \(ImageDocument.maximumSize) bytes")
        }
        return document
    }

    /// The list as a document.
    public var document: TargetImage.Document {
        let bytes = JSONWriter.canonical(
            .object(members + [JSONMember(name: "manifests", value: .array(entries))]))
        return TargetImage.Document(
            descriptor: Descriptor(
                mediaType: .ociIndex, digest: SHA256Hasher.digest(of: bytes), size: Int64(bytes.count)),
            bytes: bytes)
    }

    /// The descriptor of a referrer, with what lists of referrers say of it: its artifact type and its annotations.
    ///
    /// Spec: distribution-spec v1.1 § Listing Referrers.
    ///
    /// - Throws: `OCIError` when it cannot be read.
    public static func entry(_ document: TargetImage.Document) throws(OCIError) -> JSONValue {
        let parsed = try ImageDocument(parsing: document.bytes, mediaType: document.descriptor.mediaType)
        do throws(JSONError) {
            let node = try JSONNode(
                parsing: document.bytes, parser: JSONParser(maximumSize: ImageDocument.maximumSize))
            return .object([
                "annotations": try node.optional("annotations")?.value,
                "artifactType": parsed.artifactType.map(JSONValue.string),
                "digest": .string(document.descriptor.digest.description),
                "mediaType": .string(document.descriptor.mediaType.rawValue),
                "size": .integer(document.descriptor.size),
            ])
        } catch {
            throw OCIError(.invalidDocument, "referrer \(document.descriptor.digest): \(error.message)")
        }
    }
}
