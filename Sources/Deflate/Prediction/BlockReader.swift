/// A block of deflate data: its tokens, or the bytes that are stored, and all that its tokens do not tell.
struct DeflateBlock: ~Copyable {
    enum Kind: Int {
        case stored, fixed, described
    }

    /// More tokens are not held in memory.
    static let mostTokens = 1 << 20

    var kind = Kind.stored
    var isLast = false
    /// How many bytes are stored.
    var storedCount = 0
    /// The bits between the header of a stored block and the next byte.
    var padding = 0
    var tokens: [Token] = []
    var description = WidthDescription()
}

/// How a block describes its codes, RFC 1951 § 3.2.7, whichever way its encoder chose.
struct WidthDescription {
    /// The widths of the literals' code and of the distances'.
    var literals: [UInt8] = []
    var distances: [UInt8] = []
    /// The widths of the code of widths, by symbol, and how many of them are written.
    var widths: [UInt8] = []
    var widthCount = 0
    /// What is written with it: a symbol, and its extra bits.
    var items: [Item] = []

    struct Item: Equatable {
        var symbol: UInt8
        var extra: UInt8 = 0

        /// How many widths it stands for.
        var count: Int {
            switch symbol {
            case 16, 17: Int(extra) + 3
            case 18: Int(extra) + 11
            default: 1
            }
        }
    }

    static let extraWidths: [Int] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7]
}

/// What makes deflate data such that no corrections are made for it.
enum UnsuitableBlock: Error {
    /// It breaks RFC 1951, or ends early.
    case damaged
    /// It is allowed, but nobody writes it; or it is too long.
    case unusual
}

/// Reads blocks of deflate data.
@safe struct BlockReader: ~Copyable {
    private var bits: BitSource
    private let literals = DecodingTable(), distances = DecodingTable(), widths = DecodingTable()

    init(_ source: any ByteSource) { bits = BitSource(source) }

    /// Reads the next block in the place of another.
    ///
    /// - Throws: `UnsuitableBlock`, or what the source throws.
    mutating func next(_ block: inout DeflateBlock) throws {
        block.tokens.removeAll(keepingCapacity: true)
        block.isLast = try bits.take(1) == 1
        switch try bits.take(2) {
        case 0:
            block.kind = .stored
            block.padding = try bits.takePadding()
            block.storedCount = try bits.take(16)
            guard try bits.take(16) == block.storedCount ^ 0xFFFF else { throw UnsuitableBlock.damaged }
        case 1:
            block.kind = .fixed
            let fixed = DeflateBlock.fixedWidths
            guard literals.build(fixed.literals), distances.build(fixed.distances) else {
                throw UnsuitableBlock.damaged
            }
            try readTokens(&block.tokens)
        case 2:
            block.kind = .described
            try readDescription(&block.description)
            guard literals.build(block.description.literals), distances.build(block.description.distances) else {
                throw UnsuitableBlock.damaged
            }
            try readTokens(&block.tokens)
        default: throw UnsuitableBlock.damaged
        }
    }

    /// Takes the bytes of a stored block, or of what surrounds deflate data; they start on a byte.
    mutating func takeByte() throws -> UInt8 { UInt8(try bits.take(8)) }

    /// The bits up to the next byte.
    mutating func takePadding() throws -> Int { try bits.takePadding() }

    /// Whether nothing follows.
    mutating func isAtEnd() throws -> Bool { try bits.isAtEnd() }

    private mutating func readDescription(_ description: inout WidthDescription) throws {
        let literalCount = try bits.take(5) + 257
        let distanceCount = try bits.take(5) + 1
        guard literalCount <= 286, distanceCount <= 30 else { throw UnsuitableBlock.damaged }
        description.widthCount = try bits.take(4) + 4
        description.widths = [UInt8](repeating: 0, count: 19)
        for index in 0..<description.widthCount {
            description.widths[DeflateSymbols.lengthOrder[index]] = UInt8(try bits.take(3))
        }
        guard widths.build(description.widths) else { throw UnsuitableBlock.damaged }
        description.items.removeAll(keepingCapacity: true)
        var all: [UInt8] = []
        while all.count < literalCount + distanceCount {
            let symbol = try bits.take(widths)
            let extra = try bits.take(WidthDescription.extraWidths[symbol])
            let item = WidthDescription.Item(symbol: UInt8(symbol), extra: UInt8(extra))
            guard symbol != 16 || !all.isEmpty else { throw UnsuitableBlock.damaged }
            let value = symbol < 16 ? UInt8(symbol) : symbol == 16 ? all[all.count - 1] : 0
            for _ in 0..<item.count { all.append(value) }
            description.items.append(item)
        }
        guard all.count == literalCount + distanceCount else { throw UnsuitableBlock.damaged }
        description.literals = Array(all[..<literalCount])
        description.distances = Array(all[literalCount...])
    }

    private mutating func readTokens(_ tokens: inout [Token]) throws {
        while true {
            let symbol = try bits.take(literals)
            if symbol < DeflateSymbols.endOfBlock {
                tokens.append(Token(literal: UInt8(symbol)))
            } else if symbol == DeflateSymbols.endOfBlock {
                return
            } else {
                let group = symbol - DeflateSymbols.firstLength
                guard group <= 28 else { throw UnsuitableBlock.damaged }
                let length =
                    DeflateSymbols.firstOfLength(group) + (try bits.take(DeflateSymbols.lengthExtraWidth(group)))
                // The longest length has a symbol of its own, which every encoder uses.
                guard length < 258 || group == 28 else { throw UnsuitableBlock.unusual }
                let far = try bits.take(distances)
                guard far < DeflateSymbols.distanceCount else { throw UnsuitableBlock.damaged }
                let rest = DeflateSymbols.firstOfDistance(far) + (try bits.take(DeflateSymbols.distanceExtraWidth(far)))
                tokens.append(Token(length: length, distance: rest + 1))
            }
            guard tokens.count <= DeflateBlock.mostTokens else { throw UnsuitableBlock.unusual }
        }
    }
}

extension DeflateBlock {
    /// The widths of RFC 1951 § 3.2.6.
    static let fixedWidths: (literals: [UInt8], distances: [UInt8]) = (
        (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }, [UInt8](repeating: 5, count: 32)
    )
}

extension DeflateSymbols {
    /// The shortest length with a symbol, which is given less `firstLength`.
    @inline(__always) static func firstOfLength(_ symbol: Int) -> Int {
        symbol < 8 ? symbol &+ 3 : symbol == 28 ? 258 : (4 &+ symbol & 3) &<< (symbol &>> 2 &- 1) &+ 3
    }

    /// The shortest distance with a symbol, less 1.
    @inline(__always) static func firstOfDistance(_ symbol: Int) -> Int {
        symbol < 4 ? symbol : (2 &+ symbol & 1) &<< (symbol &>> 1 &- 1)
    }
}
