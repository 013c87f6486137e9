/// One PEM block and nothing else, in the strict form of RFC 7468 § 3.
///
/// OpenSSL's own reader skips text around a block and takes the first of several.
struct PEMBlock {
    static let maximumSize = 32 * 1024

    let label: String
    let content: [UInt8]

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    init(label: String, content: [UInt8]) {
        self.label = label
        self.content = content
    }

    /// Reads a block; lines may end in LF or CR LF.
    init(parsing bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count <= Self.maximumSize else {
            throw CryptographyError(.invalidKey, "cannot read a key: the file has more than \(Self.maximumSize) bytes")
        }
        // Swift compares text by meaning: a Kelvin sign would equal the K of a label.
        guard bytes.allSatisfy({ $0 < 0x80 }) else {
            throw CryptographyError(.invalidKey, "cannot read a key: the file has bytes that are not ASCII")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        if lines.last == "" { lines.removeLast() }
        let (begin, end, dashes) = ("-----BEGIN ", "-----END ", "-----")
        guard let first = lines.first, let last = lines.last, lines.count >= 3,
            first.hasPrefix(begin), first.hasSuffix(dashes)
        else {
            throw CryptographyError(.invalidKey, "cannot read a key: it is not one PEM block from first to last line")
        }
        let label = first.dropFirst(begin.count).dropLast(dashes.count)
        guard last == end + label + dashes else {
            throw CryptographyError(.invalidKey, "cannot read a key: it is not one PEM block from first to last line")
        }
        guard let content = Self.decode(Array(lines[1..<(lines.count - 1)].joined().utf8)) else {
            throw CryptographyError(.invalidKey, "cannot read a key: its PEM block is not base64, or there are several")
        }
        self.label = String(label)
        self.content = content
    }

    /// The block with lines of 64 characters and a final LF, as OpenSSL writes it.
    var text: [UInt8] {
        var bytes = Array("-----BEGIN \(label)-----\n".utf8)
        var column = 0
        for position in stride(from: 0, to: content.count, by: 3) {
            let group = content[position..<min(position + 3, content.count)]
            var value: UInt32 = 0
            for index in 0..<3 { value = value << 8 | UInt32(index < group.count ? group[position + index] : 0) }
            for index in 0..<4 {
                let digit = Self.digits[Int(value >> UInt32(18 - 6 * index) & 63)]
                bytes.append(index <= group.count ? digit : UInt8(ascii: "="))
            }
            column += 4
            if column == 64 {
                bytes.append(UInt8(ascii: "\n"))
                column = 0
            }
        }
        if column != 0 { bytes.append(UInt8(ascii: "\n")) }
        return bytes + Array("-----END \(label)-----\n".utf8)
    }

    private static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
        var bytes: [UInt8] = []
        var value: UInt32 = 0
        var bits = 0
        for character in text.dropLast(padding) {
            guard let digit = digits.firstIndex(of: character) else { return nil }
            value = value << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
                value &= 1 << UInt32(bits) - 1
            }
        }
        return value == 0 ? bytes : nil
    }
}
