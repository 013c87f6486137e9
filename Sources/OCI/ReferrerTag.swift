/// The tags by which repositories without an API of referrers tell what points to a digest.
public enum ReferrerTag {
    /// The suffixes of the tags of cosign before OCI 1.1: signatures, attestations and SBOMs.
    ///
    /// Spec: cosign, specs/SIGNATURE_SPEC.md § Tag-based discovery.
    public static let cosignSuffixes = ["sig", "att", "sbom"]

    /// The tag of the list of all referrers of a digest.
    ///
    /// Spec: distribution-spec v1.1 § Referrers Tag Schema.
    public static func list(of digest: Digest) -> String { "sha256-" + digest.hex }

    /// The tag of one of cosign's kinds.
    public static func cosign(_ suffix: String, of digest: Digest) -> String { list(of: digest) + "." + suffix }

    /// The digest that a tag is about, where it is one of a list; nil for all other tags.
    public static func listed(by tag: String) -> Digest? {
        tag.hasPrefix("sha256-") ? Digest(hex: String(tag.dropFirst(7))) : nil
    }

    /// The digest that a tag is about, where it is one of cosign's; nil for all other tags.
    public static func signed(by tag: String) -> Digest? {
        let parts = tag.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, cosignSuffixes.contains(String(parts[1])) else { return nil }
        return listed(by: String(parts[0]))
    }
}
