/// Makes gzip members with stored blocks, byte by byte as RFC 1952 says.
struct GzipFixture {
    var extra: [UInt8]?
    var name: String?
    var comment: String?
    var hasChecksum = false
    var content: [UInt8] = []

    var bytes: [UInt8] {
        var flags: UInt8 = hasChecksum ? 2 : 0
        if extra != nil { flags |= 4 }
        if name != nil { flags |= 8 }
        if comment != nil { flags |= 16 }
        var bytes: [UInt8] = [0x1F, 0x8B, 8, flags, 1, 2, 3, 4, 0, 255]
        if let extra { bytes += [UInt8(extra.count & 255), UInt8(extra.count >> 8)] + extra }
        if let name { bytes += Array(name.utf8) + [0] }
        if let comment { bytes += Array(comment.utf8) + [0] }
        if hasChecksum { bytes += Self.littleEndian(Self.checksum(bytes)).prefix(2) }
        let length = [UInt8(content.count & 255), UInt8(content.count >> 8)]
        bytes += [1] + length + length.map { ~$0 } + content
        return bytes + Self.littleEndian(Self.checksum(content)) + Self.littleEndian(UInt32(content.count))
    }

    /// With every optional header field.
    static let full = GzipFixture(
        extra: [1, 2, 0, 3], name: "name", comment: "comment", hasChecksum: true, content: Array("content".utf8))

    static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value = UInt32.max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
        }
        return ~value
    }
}
