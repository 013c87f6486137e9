/// Writes tokens with given codes: the loop that makes most of the output.
@safe struct TokenEmitter: ~Copyable {
    /// For each length of a match, its code with the extra bits, and how many bits that is from bit 32 on.
    private let lengths: UnsafeMutablePointer<UInt64>

    init() {
        unsafe lengths = .allocate(capacity: 259)
        unsafe lengths.initialize(repeating: 0, count: 259)
    }

    deinit { unsafe lengths.deallocate() }

    /// Writes all of the tokens, without an end of block.
    mutating func write(
        _ tokens: borrowing TokenBlock, _ literals: borrowing PrefixCode, _ distances: borrowing PrefixCode,
        to bits: inout BitWriter
    ) {
        joinLengths(tokens.symbols, literals)
        // A copy, so that the compiler keeps it in registers.
        var cursor = bits.cursor
        let count = tokens.count
        var index = 0
        while index < count {
            let token = tokens[index]
            index &+= 1
            if token.isLiteral {
                cursor.put(literals[token.low])
                continue
            }
            let joined = unsafe lengths[token.length]
            let symbol = tokens.symbols.distanceSymbol(token.low)
            let entry = distances[symbol]
            let extraWidth = DeflateSymbols.distanceExtraWidth(symbol)
            let extra = UInt64(token.low) & ((1 &<< UInt64(extraWidth)) &- 1)
            let lengthWidth = Int(joined &>> 32)
            let distance = UInt64(entry.bits) | extra &<< UInt64(entry.width)
            cursor.put(
                joined & 0xFFFF_FFFF | distance &<< UInt64(lengthWidth),
                width: lengthWidth &+ Int(entry.width) &+ extraWidth)
        }
        bits.cursor = cursor
    }

    /// Writes bytes as literals.
    func write(_ input: UnsafeRawBufferPointer, _ literals: borrowing PrefixCode, to bits: inout BitWriter) {
        var cursor = bits.cursor
        for index in 0..<input.count { unsafe cursor.put(literals[Int(input[index])]) }
        bits.cursor = cursor
    }

    /// A length's extra bits are what it exceeds the symbol's least length by: its low bits, when counted from 3.
    private mutating func joinLengths(_ symbols: borrowing DeflateSymbols, _ literals: borrowing PrefixCode) {
        for length in 3...258 {
            let symbol = symbols.lengthSymbol(length)
            let entry = literals[DeflateSymbols.firstLength + symbol]
            let extraWidth = DeflateSymbols.lengthExtraWidth(symbol)
            let extra = UInt64(length - 3) & ((1 << UInt64(extraWidth)) - 1)
            let code = UInt64(entry.bits) | extra << UInt64(entry.width)
            unsafe lengths[length] = UInt64(Int(entry.width) + extraWidth) << 32 | code
        }
    }
}

extension TokenBlock {
    /// How many extra bits the matches have.
    var extraBits: Int {
        var size = 0
        for symbol in 0..<DeflateSymbols.literalCount - DeflateSymbols.firstLength {
            unsafe size += Int(literals[DeflateSymbols.firstLength + symbol]) * DeflateSymbols.lengthExtraWidth(symbol)
        }
        for symbol in 0..<DeflateSymbols.distanceCount {
            unsafe size += Int(distances[symbol]) * DeflateSymbols.distanceExtraWidth(symbol)
        }
        return size
    }
}
