/// A canonical prefix code, RFC 1951 § 3.2.2: each symbol's bits, in the order in which they are written.
@safe struct PrefixCode: ~Copyable {
    /// A symbol's bits; width 0 when it has none.
    struct Entry {
        var bits: UInt16
        var width: UInt16
    }

    let count: Int
    private let entries: UnsafeMutablePointer<Entry>

    /// A code in which no symbol has bits yet.
    init(count: Int) {
        self.count = count
        unsafe entries = .allocate(capacity: count)
        unsafe entries.initialize(repeating: Entry(bits: 0, width: 0), count: count)
    }

    deinit { unsafe entries.deallocate() }

    @inline(__always) subscript(symbol: Int) -> Entry { unsafe entries[symbol] }

    /// The code of literals and lengths that blocks with fixed codes use, RFC 1951 § 3.2.6.
    static func fixedLiterals() -> PrefixCode {
        var code = PrefixCode(count: 288)
        code.assign { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
        return code
    }

    /// The code of distances that blocks with fixed codes use.
    static func fixedDistances() -> PrefixCode {
        var code = PrefixCode(count: 32)
        code.assign { _ in 5 }
        return code
    }

    /// Gives each symbol the width that the closure says, and the bits that follow from all widths.
    mutating func assign(_ widthOf: (Int) -> Int) {
        var counts = InlineArray<17, UInt16>(repeating: 0)
        for symbol in 0..<count {
            let width = widthOf(symbol)
            counts[width] += 1
            unsafe entries[symbol].width = UInt16(width)
        }
        var next = InlineArray<17, UInt16>(repeating: 0)
        counts[0] = 0
        for width in 1...16 { next[width] = (next[width - 1] &+ counts[width - 1]) &<< 1 }
        for symbol in 0..<count {
            let width = unsafe Int(entries[symbol].width)
            guard width > 0 else { continue }
            unsafe entries[symbol].bits = Self.reversed(next[width], width: width)
            next[width] &+= 1
        }
    }

    /// How many bits the symbols take together when each occurs as often as the closure says.
    func size(_ frequencies: UnsafePointer<UInt32>, count: Int) -> Int {
        var size = 0
        for symbol in 0..<count { unsafe size &+= Int(frequencies[symbol]) &* Int(entries[symbol].width) }
        return size
    }

    /// Codes are written from their highest bit on, everything else from its lowest.
    private static func reversed(_ code: UInt16, width: Int) -> UInt16 {
        var result: UInt16 = 0
        for bit in 0..<width where code >> UInt16(bit) & 1 == 1 { result |= 1 << UInt16(width - 1 - bit) }
        return result
    }
}
