public import OCI

extension BundleImage {
    /// Whether it has no names but those by which referrers are found: by digest, or by cosign's tags.
    public var isCalledAsReferrer: Bool {
        names.allSatisfy { $0.tag.map { ReferrerTag.signed(by: $0) != nil } ?? true }
    }

    /// What it points to by one of cosign's tags; nil where it has none.
    ///
    /// Its root may also say so itself.
    public var taggedSubject: Digest? { names.lazy.compactMap { $0.tag.flatMap(ReferrerTag.signed) }.first }
}
