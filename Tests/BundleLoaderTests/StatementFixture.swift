import BundleFormat
import Cryptography
import OCI

/// Statements that bind nothing, for what decides by their other lines.
enum StatementFixture {
    static func statement(
        product: String = "edge", channel: String = "stable", version: Int64 = 42, minimumVersion: Int64? = nil,
        created: Timestamp? = nil, notAfter: Timestamp? = nil
    ) throws -> Statement {
        let sum = FileSum(digest: digest("x"), size: 1)
        return Statement(
            product: product, channel: channel, version: version, created: try created ?? time("2026-01-01T00:00:00Z"),
            minimumVersion: minimumVersion, notAfter: notAfter, manifest: sum, checksums: sum)
    }

    static func digest(_ text: String) -> Digest { SHA256Hasher.digest(of: Array(text.utf8)) }

    static func time(_ text: String) throws -> Timestamp {
        guard let time = Timestamp(parsing: text) else { throw OCIError(.invalidDigest, "\(text) is no time") }
        return time
    }
}
