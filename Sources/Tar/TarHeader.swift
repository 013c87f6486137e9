/// What the scanner needs of a header block; nil for a block whose checksum says that it is none.
struct TarHeader {
    /// How many bytes follow, without padding.
    let size: Int64
    /// Whether these bytes describe the next entry (pax and GNU records) rather than being a file.
    let isExtension: Bool

    init?(_ block: [UInt8]) {
        guard block.count == 512, let checksum = Self.octal(block[148..<156]) else { return nil }
        // The checksum counts its own field as spaces.
        let sum =
            block.reduce(Int64(0)) { $0 + Int64($1) } - block[148..<156].reduce(Int64(0)) { $0 + Int64($1) } + 8 * 0x20
        guard sum == checksum else { return nil }
        let field = block[124..<136]
        let size: Int64?
        if field.first == 0x80 {
            // GNU: a big-endian number in the rest of the field; only what fits 63 bits is believed.
            let high = field.dropFirst().prefix(3)
            let low = field.suffix(8)
            let number = low.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            size = high.allSatisfy { $0 == 0 } ? Int64(exactly: number) : nil
        } else {
            size = Self.octal(field)
        }
        guard let size, size <= 1 << 53 else { return nil }
        let type = block[156]
        switch type {
        case UInt8(ascii: "1")...UInt8(ascii: "6"): self.size = 0  // links, devices and folders have no contents
        default: self.size = size
        }
        isExtension = [UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K")].contains(type)
    }

    /// Octal digits after spaces, before spaces or NULs; nil for anything else.
    private static func octal(_ field: ArraySlice<UInt8>) -> Int64? {
        let digits = field.drop { $0 == 0x20 }.prefix { UInt8(ascii: "0")...UInt8(ascii: "7") ~= $0 }
        guard field[digits.endIndex...].allSatisfy({ $0 == 0 || $0 == 0x20 }) else { return nil }
        return digits.reduce(Int64(0)) { $0 << 3 | Int64($1 - UInt8(ascii: "0")) }
    }
}
