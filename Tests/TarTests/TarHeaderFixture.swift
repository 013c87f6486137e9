/// A header block written by hand, for what no program writes.
struct TarHeaderFixture {
    private var block: [UInt8]

    /// A header for a file of a size.
    init(name: String = "f", size: String = "00000000000", type: Character = "0") {
        block = [UInt8](repeating: 0, count: 512)
        put(name.utf8, at: 0)
        put("0000644\u{0}0000000\u{0}0000000\u{0}".utf8, at: 100)
        put(size.utf8, at: 124)
        put("14000000000".utf8, at: 136)
        block[156] = type.asciiValue ?? 0
        put("ustar\u{0}00".utf8, at: 257)
    }

    /// A block to change.
    init(block: [UInt8]) { self.block = block }

    mutating func setSize(_ field: [UInt8]) { put(field, at: 124) }

    mutating func setType(_ type: UInt8) { block[156] = type }

    /// The block with its checksum.
    var sealed: [UInt8] { sealed(with: { digits in Array((digits + "\u{0} ").utf8) }) }

    /// The block with its checksum, written from its six octal digits.
    func sealed(with spelling: (String) -> [UInt8]) -> [UInt8] {
        var copy = self
        copy.put(repeatElement(0x20, count: 8), at: 148)
        let digits = String(copy.block.reduce(0) { $0 + Int($1) }, radix: 8)
        copy.put(spelling(String(repeating: "0", count: 6 - digits.count) + digits), at: 148)
        return copy.block
    }

    private mutating func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
        for (position, byte) in bytes.enumerated() { block[offset + position] = byte }
    }
}
