/// Takes bits from bytes, the lowest first, RFC 1951 § 3.1.1.
struct BitSource: ~Copyable {
    private let source: any ByteSource
    private var bytes: [UInt8] = []
    private var position = 0
    private var bits: UInt64 = 0
    private var width = 0

    init(_ source: any ByteSource) { self.source = source }

    /// Takes at most 16 bits.
    @inline(__always) mutating func take(_ count: Int) throws -> Int {
        if width < count { try fill() }
        guard width >= count else { throw UnsuitableBlock.damaged }
        let value = bits & (1 &<< UInt64(truncatingIfNeeded: count) &- 1)
        skip(count)
        return Int(value)
    }

    /// Takes a symbol of a code.
    @inline(__always) mutating func take(_ table: borrowing DecodingTable) throws -> Int {
        if width < 15 { try fill() }
        let entry = table[Int(bits & 0x7FFF)]
        guard entry.width > 0, entry.width <= width else { throw UnsuitableBlock.damaged }
        skip(entry.width)
        return entry.symbol
    }

    /// Takes the bits up to the next byte.
    mutating func takePadding() throws -> Int { try take(width & 7) }

    /// Whether nothing follows.
    mutating func isAtEnd() throws -> Bool {
        if width == 0 { try fill() }
        return width == 0
    }

    @inline(__always) private mutating func skip(_ count: Int) {
        bits &>>= UInt64(truncatingIfNeeded: count)
        width &-= count
    }

    private mutating func fill() throws {
        while width <= 48 {
            if position == bytes.count {
                bytes = try source.next()
                position = 0
                guard !bytes.isEmpty else { return }
            }
            bits |= UInt64(bytes[position]) &<< UInt64(truncatingIfNeeded: width)
            position &+= 1
            width &+= 8
        }
    }
}

/// The symbols of a prefix code by the next 15 bits.
@safe struct DecodingTable: ~Copyable {
    private static let count = 1 << 15
    /// Symbol and width; 0 where no symbol starts like this.
    private let entries: UnsafeMutablePointer<UInt16>

    init() {
        unsafe entries = .allocate(capacity: Self.count)
        unsafe entries.initialize(repeating: 0, count: Self.count)
    }

    deinit { unsafe entries.deallocate() }

    @inline(__always) subscript(bits: Int) -> (symbol: Int, width: Int) {
        let entry = unsafe entries[bits]
        return (Int(entry &>> 4), Int(entry & 15))
    }

    /// Becomes the table of other widths; false when no code has them.
    func build(_ widths: [UInt8]) -> Bool {
        let used = widths.reduce(0) { $1 == 0 ? $0 : $0 + Self.count >> Int($1) }
        guard used <= Self.count else { return false }
        var code = PrefixCode(count: widths.count)
        code.assign { Int(widths[$0]) }
        unsafe entries.update(repeating: 0, count: Self.count)
        for symbol in widths.indices where widths[symbol] > 0 {
            let entry = UInt16(symbol) << 4 | UInt16(widths[symbol])
            for index in stride(from: Int(code[symbol].bits), to: Self.count, by: 1 << Int(widths[symbol])) {
                unsafe entries[index] = entry
            }
        }
        return true
    }
}
