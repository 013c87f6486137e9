public import StrictJSON

/// What names a blob or document: its type, digest and size.
///
/// Spec: image-spec v1.1 descriptor.md § Properties.
public struct Descriptor: Hashable, Sendable {
    /// The type of the bytes.
    public let mediaType: MediaType
    /// The digest of the bytes.
    public let digest: Digest
    /// How many bytes there are.
    public let size: Int64
    /// In an index: what the manifest is for.
    public let platform: Platform?
    /// Free annotations; empty when there are none.
    public let annotations: [String: String]

    /// A descriptor of its parts.
    public init(
        mediaType: MediaType, digest: Digest, size: Int64, platform: Platform? = nil,
        annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = annotations
    }

    /// From JSON; unknown members are allowed, as the specification demands.
    ///
    /// - Throws: `OCIError` with code `invalidDocument` or `invalidDigest`.
    public init(json node: JSONNode) throws(OCIError) {
        do throws(JSONError) {
            try node.refuseLookalikes(of: ["annotations", "digest", "mediaType", "platform", "size"])
            mediaType = MediaType(rawValue: try node.member("mediaType").string())
            size = try node.member("size").integer(in: 0...Descriptor.maximumSize)
            platform = try node.optional("platform").map { (node) throws(JSONError) in try Platform(json: node) }
            var annotations: [String: String] = [:]
            for (name, node) in try node.optional("annotations")?.members() ?? [] {
                annotations[name] = try node.string()
            }
            self.annotations = annotations
        } catch {
            throw OCIError(.invalidDocument, error.message)
        }
        let text: String
        do throws(JSONError) { text = try node.member("digest").string() } catch {
            throw OCIError(.invalidDocument, error.message)
        }
        digest = try Digest(parsing: text)
    }

    /// In an index: the digest of the manifest that this one attests to, as BuildKit says it; as written, nil for images.
    public var attested: String? {
        annotations["vnd.docker.reference.type"] == "attestation-manifest"
            ? annotations["vnd.docker.reference.digest"] : nil
    }

    /// The largest size that is believed, 2^42 bytes (4 TiB); a hundred thousand of them still add up within 64 bits.
    public static let maximumSize: Int64 = 1 << 42

    /// As JSON, with what is set.
    public var json: JSONValue {
        .object([
            "annotations": annotations.isEmpty
                ? nil
                : .object(
                    annotations.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: .string($0.value)) }),
            "digest": .string(digest.description), "mediaType": .string(mediaType.rawValue),
            "platform": platform?.json, "size": .integer(size),
        ])
    }
}
