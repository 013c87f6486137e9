public import OCI
import StrictJSON

/// A signature, an attestation, an SBOM or the like that points to an image, pinned to its digest.
public struct PinnedReferrer: Sendable, Hashable, Comparable {
    /// Its index or manifest.
    public let descriptor: Descriptor
    /// The tag that says what it points to, as cosign's; nil where the document says it itself.
    public let tag: String?

    /// A referrer of its parts; annotations and platform are dropped.
    public init(_ descriptor: Descriptor, tag: String? = nil) {
        self.descriptor = Descriptor(
            mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size)
        self.tag = tag
    }

    init(json node: JSONNode) throws {
        try node.allowOnly(["digest", "mediaType", "size", "tag"])
        let tag = try node.optional("tag")?.string()
        guard tag.map({ ReferrerTag.signed(by: $0) != nil }) ?? true else {
            throw try node.member("tag").mismatch("a tag that cosign gives signatures, attestations or SBOMs")
        }
        self.init(try Descriptor(pinned: node), tag: tag)
    }

    var json: JSONValue {
        .object([
            "digest": .string(descriptor.digest.description), "mediaType": .string(descriptor.mediaType.rawValue),
            "size": .integer(descriptor.size), "tag": tag.map(JSONValue.string),
        ])
    }

    /// By digest, then by tag.
    public static func < (left: PinnedReferrer, right: PinnedReferrer) -> Bool {
        (left.descriptor.digest, left.tag ?? "") < (right.descriptor.digest, right.tag ?? "")
    }
}
