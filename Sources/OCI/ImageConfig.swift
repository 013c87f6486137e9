import StrictJSON

/// The parts of an image config that this project needs.
///
/// Spec: image-spec v1.1 config.md § Properties.
public struct ImageConfig: Sendable {
    /// What the image runs on.
    public let platform: Platform
    /// When it was made, RFC 3339 as written; nil when it does not say.
    public let created: String?
    /// The diffIDs, lowest layer first.
    public let diffIDs: [DiffID]

    /// Parses a config.
    ///
    /// - Throws: `OCIError` with code `invalidDocument` or `invalidDigest`.
    public init(parsing bytes: [UInt8]) throws(OCIError) {
        let texts: [String]
        do throws(JSONError) {
            let node = try JSONNode(parsing: bytes, parser: JSONParser(maximumSize: ImageDocument.maximumSize))
            let variant = try node.optional("variant")?.string()
            platform = Platform(
                os: try node.optional("os")?.string() ?? "",
                architecture: try node.optional("architecture")?.string() ?? "",
                variant: variant == "" ? nil : variant)
            created = try node.optional("created")?.string()
            texts =
                try node.member("rootfs").optional("diff_ids")?.elements().map { (node) throws(JSONError) in
                    try node.string()
                } ?? []
        } catch {
            throw OCIError(.invalidDocument, error.message)
        }
        var diffIDs: [DiffID] = []
        for text in texts { diffIDs.append(DiffID(try Digest(parsing: text))) }
        self.diffIDs = diffIDs
    }
}
