/// A regular file in a tar that we write: owned by root, mode 0644, of 1970.
///
/// Spec: POSIX.1 ustar; sizes from 8 GiB on in base 256, as GNU tar and Go write and read them.
public struct TarEntry: Sendable {
    /// The path in the tar, 1 to 100 bytes.
    public let name: String
    /// The size of the contents, in bytes.
    public let size: Int64

    /// What ends a tar: two empty blocks.
    public static let end = [UInt8](repeating: 0, count: 1024)

    /// An entry of its parts; a name that is absolute, too long or leads upwards, and a negative size, are faults of the caller.
    public init(name: String, size: Int64) {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8) && !part.contains(0)
        }
        precondition(name.utf8.count <= 100 && isPlain, "a name in a tar is a plain path of 1 to 100 bytes")
        precondition(0...Self.maximumSize ~= size, "a file in a tar has 0 to 2^53 bytes")
        self.name = name
        self.size = size
    }

    private static let maximumSize: Int64 = 1 << 53

    /// The header block, which stands before the contents.
    public var header: [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (position, byte) in bytes.enumerated() { block[offset + position] = byte }
        }
        put(name.utf8, at: 0)
        put("0000644\u{0}0000000\u{0}0000000\u{0}".utf8, at: 100)
        if size < 1 << 33 {
            put(Self.octal(size, digits: 11), at: 124)
        } else {
            block[124] = 0x80
            put((0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) }, at: 128)
        }
        put("00000000000".utf8, at: 136)
        block[156] = UInt8(ascii: "0")
        put("ustar\u{0}00".utf8, at: 257)
        // The checksum counts its own field as spaces.
        put(repeatElement(0x20, count: 8), at: 148)
        let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
        put(Self.octal(sum, digits: 6) + [0], at: 148)
        return block
    }

    /// The zero bytes that follow the contents, up to the next block.
    public var padding: [UInt8] { [UInt8](repeating: 0, count: paddingSize) }

    private var paddingSize: Int { Int((512 - size % 512) % 512) }

    /// What the entry takes in the tar: header, contents and padding, in bytes.
    public var totalSize: Int64 { 512 + size + Int64(paddingSize) }

    private static func octal(_ number: Int64, digits: Int) -> [UInt8] {
        let text = String(number, radix: 8)
        return Array((String(repeating: "0", count: digits - text.utf8.count) + text).utf8)
    }
}
