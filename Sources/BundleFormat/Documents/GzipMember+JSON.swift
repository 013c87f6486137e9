import Deflate
import Gzip
import StrictJSON

/// Spec: docs/format.md section 5.2.1.
extension GzipMember {
    /// The members of an object that say how a gzip member is made.
    static let names = ["block", "encoder", "header", "level"]

    /// From an object that may hold more.
    ///
    /// - Throws: `JSONError`, or `BundleError` with code `unsupported` for an unknown encoder.
    init(json node: JSONNode) throws {
        let name = try node.member("encoder").string()
        guard let encoder = DeflateEncoding.Encoder(rawValue: name) else {
            throw BundleError(
                .unsupported,
                "reading manifest.json: \(node.path) has the encoder '\(name)'; use a newer version of this tool")
        }
        let level = try node.member("level").integer(in: -2...9)
        let blockSize = try node.optional("block")?.integer(in: 1...Int64(DeflateEncoding.blockSizes.upperBound))
        guard let deflate = DeflateEncoding(encoder, level: Int(level), blockSize: blockSize.map { Int($0) }) else {
            throw node.mismatch("a level and a block size that the encoder has")
        }
        let header = try node.member("header")
        guard let bytes = Self.bytes(hex: try header.string()),
            let member = GzipMember(header: bytes, deflate: deflate)
        else { throw header.mismatch("a gzip header of at most \(GzipMember.maximumHeaderSize) bytes in hex") }
        self = member
    }

    /// As an object with one more member.
    func json(_ name: String, _ value: JSONValue) -> JSONValue {
        .object([
            "block": deflate.blockSize.map { .integer(Int64($0)) }, "encoder": .string(deflate.encoder.rawValue),
            "header": .string(hex), "level": .integer(Int64(deflate.level)), name: value,
        ])
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private var hex: String {
        String(decoding: header.flatMap { [Self.digits[Int($0 >> 4)], Self.digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func bytes(hex text: String) -> [UInt8]? {
        let values = text.utf8.map { digits.firstIndex(of: $0) }
        guard values.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for position in stride(from: 0, to: values.count, by: 2) {
            guard let high = values[position], let low = values[position + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
