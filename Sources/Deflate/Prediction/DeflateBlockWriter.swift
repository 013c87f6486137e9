/// Writes blocks of deflate data as they are described.
struct DeflateBlockWriter: ~Copyable {
    private var bits = BitWriter()
    private let symbols = DeflateSymbols()
    private let fixedLiterals = PrefixCode.fixedLiterals()
    private let fixedDistances = PrefixCode.fixedDistances()

    /// So many tokens are put between two calls of `drain`.
    private static let run = 16 << 10

    /// Appends whole bytes; not more than a header has.
    mutating func put(_ bytes: UnsafeRawBufferPointer) { unsafe bits.put(bytes) }

    /// Appends a stored byte.
    mutating func put(_ byte: UInt8) { bits.put(UInt64(byte), width: 8) }

    /// Fills the last byte.
    mutating func pad(_ value: Int) {
        let width = bits.room
        bits.put(UInt64(truncatingIfNeeded: value) & (1 << UInt64(width) - 1), width: width)
    }

    /// Hands on whole bytes.
    mutating func drain(all: Bool, _ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe bits.drain(all: all, output)
    }

    /// Writes the header of a stored block.
    mutating func start(stored block: borrowing DeflateBlock) {
        bits.put(block.isLast ? 1 : 0, width: 3)
        pad(block.padding)
        bits.put(UInt64(block.storedCount | (block.storedCount ^ 0xFFFF) << 16), width: 32)
    }

    /// Writes any other block.
    mutating func write(
        _ block: borrowing DeflateBlock, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        bits.put((block.isLast ? 1 : 0) | UInt64(block.kind.rawValue) << 1, width: 3)
        guard block.kind == .described else {
            return try unsafe Self.write(block.tokens, fixedLiterals, fixedDistances, symbols, &bits, output)
        }
        var literals = PrefixCode(count: DeflateSymbols.literalCount)
        var distances = PrefixCode(count: DeflateSymbols.distanceCount)
        literals.assign { $0 < block.description.literals.count ? Int(block.description.literals[$0]) : 0 }
        distances.assign { $0 < block.description.distances.count ? Int(block.description.distances[$0]) : 0 }
        write(block.description)
        try unsafe Self.write(block.tokens, literals, distances, symbols, &bits, output)
    }

    private mutating func write(_ description: WidthDescription) {
        var code = PrefixCode(count: 19)
        code.assign { Int(description.widths[$0]) }
        bits.put(UInt64(description.literals.count - 257), width: 5)
        bits.put(UInt64(description.distances.count - 1), width: 5)
        bits.put(UInt64(description.widthCount - 4), width: 4)
        for index in 0..<description.widthCount {
            bits.put(UInt64(description.widths[DeflateSymbols.lengthOrder[index]]), width: 3)
        }
        for item in description.items {
            bits.cursor.put(code[Int(item.symbol)])
            bits.put(UInt64(item.extra), width: WidthDescription.extraWidths[Int(item.symbol)])
        }
    }

    private static func write(
        _ tokens: [Token], _ literals: borrowing PrefixCode, _ distances: borrowing PrefixCode,
        _ symbols: borrowing DeflateSymbols, _ bits: inout BitWriter, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        for start in stride(from: 0, to: tokens.count, by: run) {
            for token in tokens[start..<min(start + run, tokens.count)] {
                if token.isLiteral {
                    bits.cursor.put(literals[token.low])
                    continue
                }
                let length = symbols.lengthSymbol(token.length)
                bits.cursor.put(literals[DeflateSymbols.firstLength + length])
                bits.put(
                    UInt64(token.length - DeflateSymbols.firstOfLength(length)),
                    width: DeflateSymbols.lengthExtraWidth(length))
                let distance = symbols.distanceSymbol(token.low)
                bits.cursor.put(distances[distance])
                bits.put(
                    UInt64(token.low - DeflateSymbols.firstOfDistance(distance)),
                    width: DeflateSymbols.distanceExtraWidth(distance))
            }
            try unsafe bits.drain(all: false, output)
        }
        bits.cursor.put(literals[DeflateSymbols.endOfBlock])
    }
}
