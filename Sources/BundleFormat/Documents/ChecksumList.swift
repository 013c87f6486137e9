public import OCI

/// SHA256SUMS: the digest of every file but the statement, this list and the signatures.
///
/// Spec: docs/format.md section 4.
public struct ChecksumList: Sendable {
    /// The digests by path.
    public let digests: [String: Digest]

    /// A list of its entries.
    public init(digests: [String: Digest]) { self.digests = digests }

    /// Parses the one canonical form.
    ///
    /// - Throws: `BundleError` with code `damaged`.
    public init(parsing bytes: [UInt8]) throws(BundleError) {
        func malformed(_ line: Int, _ what: String) -> BundleError {
            BundleError(.damaged, "reading SHA256SUMS line \(line): \(what); the bundle is damaged, fetch it again")
        }
        guard bytes.last == 0x0A else { throw malformed(0, "it does not end with a line feed") }
        var digests: [String: Digest] = [:]
        var last: ArraySlice<UInt8> = []
        for (position, line) in bytes.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let path = line.dropFirst(66)
            guard line.count > 66, line.dropFirst(64).starts(with: [0x20, 0x20]),
                let digest = Digest(hex: String(decoding: line.prefix(64), as: UTF8.self))
            else { throw malformed(position + 1, "not a digest, two spaces and a path") }
            guard last.lexicographicallyPrecedes(path) else {
                throw malformed(position + 1, "the paths are not sorted")
            }
            let text = String(decoding: path, as: UTF8.self)
            guard Self.isAllowed(text, digest) else { throw malformed(position + 1, "a path that no bundle has") }
            digests[text] = digest
            last = path
        }
        self.digests = digests
    }

    /// The canonical form.
    public func bytes() -> [UInt8] {
        digests.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .flatMap { Array("\($0.value.hex)  \($0.key)\n".utf8) }
    }

    private static func isAllowed(_ path: String, _ digest: Digest) -> Bool {
        path == BundleLayout.manifest || path == BundleLayout.readme || path == BundleLayout.blobPath(digest)
    }
}
