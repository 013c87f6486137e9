public import Deflate

/// How one gzip member is made from its content, bit for bit.
///
/// Spec: docs/format.md section 5.2.1.
public struct GzipMember: Hashable, Sendable {
    /// Its header as it is, RFC 1952 § 2.3.
    public let header: [UInt8]
    /// What makes the compressed data.
    public let deflate: DeflateEncoding

    /// The longest header that is believed, in bytes.
    public static let maximumHeaderSize = 1024

    /// A member of its parts; nil when the header is none, or too long.
    public init?(header: [UInt8], deflate: DeflateEncoding) {
        guard header.count <= Self.maximumHeaderSize, HeaderReader.length(of: header) == header.count else {
            return nil
        }
        self.header = header
        self.deflate = deflate
    }
}
