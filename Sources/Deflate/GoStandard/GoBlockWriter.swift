/// Writes blocks as Go's encoder lays them out: which of the three kinds, and how the codes are described.
@safe struct GoBlockWriter: ~Copyable {
    static let storedLimit = 65535

    private var bits = BitWriter()
    private let symbols = DeflateSymbols()
    private var widths = CodeWidths()
    private let fixedLiterals = PrefixCode.fixedLiterals()
    private let fixedDistances = PrefixCode.fixedDistances()
    private var literals = PrefixCode(count: DeflateSymbols.literalCount)
    private var distances = PrefixCode(count: DeflateSymbols.distanceCount)
    private var description = CodeDescription()
    private let literalCounts: UnsafeMutablePointer<UInt32>
    private let distanceCounts: UnsafeMutablePointer<UInt32>
    /// What is written for each length; the lower byte is how many bits, the others are the bits.
    private let lengthBits: UnsafeMutablePointer<UInt32>

    init() {
        unsafe literalCounts = .allocate(capacity: DeflateSymbols.literalCount)
        unsafe distanceCounts = .allocate(capacity: DeflateSymbols.distanceCount)
        unsafe lengthBits = .allocate(capacity: 259)
        unsafe lengthBits.initialize(repeating: 0, count: 259)
    }

    deinit {
        unsafe literalCounts.deallocate()
        unsafe distanceCounts.deallocate()
        unsafe lengthBits.deallocate()
    }

    /// Hands on what was written, once there is much of it or in whole.
    mutating func drain(all: Bool, _ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe bits.drain(all: all, output)
    }

    /// Writes the tokens in the smallest kind of block; `bytes` are what they stand for, nil when out of the window.
    mutating func smallest(_ tokens: UnsafeBufferPointer<Token>, _ bytes: UnsafeRawBufferPointer?) {
        unsafe count(tokens)
        buildCodes()
        var fixed = unsafe 3 + fixedLiterals.size(literalCounts, count: DeflateSymbols.literalCount)
        unsafe fixed += fixedDistances.size(distanceCounts, count: DeflateSymbols.distanceCount)
        let dynamic = dynamicSize()
        if let bytes = unsafe bytes, storedSize(bytes.count) < min(fixed, dynamic) + extraSize() {
            unsafe stored(bytes, isLast: false)
        } else if dynamic < fixed {
            description.write(&bits)
            unsafe put(tokens, .dynamic)
        } else {
            bits.put(2, width: 3)
            unsafe put(tokens, .fixed)
        }
    }

    /// Writes the tokens with codes of their own, or stored when that gains little.
    mutating func dynamic(_ tokens: UnsafeBufferPointer<Token>, _ bytes: UnsafeRawBufferPointer) {
        unsafe count(tokens)
        buildCodes()
        guard gainsMuch(bytes.count) else { return unsafe stored(bytes, isLast: false) }
        description.write(&bits)
        unsafe put(tokens, .dynamic)
    }

    /// Writes the bytes as literals with a code of their own, or stored when that gains little.
    mutating func literals(_ bytes: UnsafeRawBufferPointer) {
        clearCounts()
        for index in 0..<bytes.count { unsafe literalCounts[Int(bytes[index])] += 1 }
        buildCodes()
        guard gainsMuch(bytes.count) else { return unsafe stored(bytes, isLast: false) }
        description.write(&bits)
        var cursor = bits.cursor
        for index in 0..<bytes.count { unsafe cursor.put(literals[Int(bytes[index])]) }
        cursor.put(literals[DeflateSymbols.endOfBlock])
        bits.cursor = cursor
    }

    /// Writes the bytes as they are; at most `storedLimit`.
    mutating func stored(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        bits.put(isLast ? 1 : 0, width: 3)
        bits.align()
        bits.put(UInt64(bytes.count), width: 16)
        bits.put(UInt64(bytes.count) ^ 0xFFFF, width: 16)
        unsafe bits.put(bytes)
    }

    private mutating func clearCounts() {
        unsafe literalCounts.initialize(repeating: 0, count: DeflateSymbols.literalCount)
        unsafe distanceCounts.initialize(repeating: 0, count: DeflateSymbols.distanceCount)
        unsafe literalCounts[DeflateSymbols.endOfBlock] = 1
        // Go counts one distance where there is none, also when it compares sizes.
        unsafe distanceCounts[0] = 1
    }

    private mutating func count(_ tokens: UnsafeBufferPointer<Token>) {
        clearCounts()
        unsafe distanceCounts[0] = 0
        var copies = 0
        for index in 0..<tokens.count {
            let token = unsafe tokens[index]
            if token.isLiteral {
                unsafe literalCounts[token.low] &+= 1
            } else {
                copies &+= 1
                unsafe literalCounts[DeflateSymbols.firstLength &+ symbols.lengthSymbol(token.length)] &+= 1
                unsafe distanceCounts[symbols.distanceSymbol(token.low)] &+= 1
            }
        }
        if copies == 0 { unsafe distanceCounts[0] = 1 }
    }

    private mutating func buildCodes() {
        unsafe widths.build(&literals, literalCounts, limit: 15)
        unsafe widths.build(&distances, distanceCounts, limit: 15)
        description.describe(literals, distances, &widths)
    }

    /// Without the extra bits of lengths and distances.
    private func dynamicSize() -> Int {
        unsafe description.size + literals.size(literalCounts, count: DeflateSymbols.literalCount)
            + distances.size(distanceCounts, count: DeflateSymbols.distanceCount)
    }

    private func extraSize() -> Int {
        var size = 0
        for symbol in 0..<(DeflateSymbols.literalCount - DeflateSymbols.firstLength) {
            let count = unsafe Int(literalCounts[DeflateSymbols.firstLength + symbol])
            size += count * DeflateSymbols.lengthExtraWidth(symbol)
        }
        for symbol in 0..<DeflateSymbols.distanceCount {
            unsafe size += Int(distanceCounts[symbol]) * DeflateSymbols.distanceExtraWidth(symbol)
        }
        return size
    }

    /// As Go sees it: with five bytes of header, and nothing can be stored that a single block cannot hold.
    private func storedSize(_ count: Int) -> Int { count > Self.storedLimit ? .max : (count + 5) * 8 }

    /// Whether codes of their own save more than a sixteenth; extra bits are left out as Go leaves them out.
    private func gainsMuch(_ count: Int) -> Bool {
        let size = dynamicSize()
        return storedSize(count) >= size + size >> 4
    }

    /// Writes tokens and the end of the block.
    private mutating func put(_ tokens: UnsafeBufferPointer<Token>, _ kind: Codes) {
        // In registers while the loop runs.
        var cursor = bits.cursor
        switch kind {
        case .fixed: unsafe put(tokens, fixedLiterals, fixedDistances, &cursor)
        case .dynamic: unsafe put(tokens, literals, distances, &cursor)
        }
        bits.cursor = cursor
    }

    private func put(
        _ tokens: UnsafeBufferPointer<Token>, _ literals: borrowing PrefixCode, _ distances: borrowing PrefixCode,
        _ cursor: inout BitCursor
    ) {
        fillLengthBits(literals)
        for index in 0..<tokens.count {
            let token = unsafe tokens[index]
            if token.isLiteral {
                cursor.put(literals[token.low])
                continue
            }
            let symbol = symbols.distanceSymbol(token.low)
            let distance = distances[symbol]
            let extraWidth = DeflateSymbols.distanceExtraWidth(symbol)
            let extra = token.low & ((1 &<< extraWidth) &- 1)
            let length = unsafe lengthBits[token.length]
            let lengthWidth = UInt64(length & 0xFF)
            // At most 15 and 5 bits of the length, 15 and 13 of the distance.
            var value = UInt64(length &>> 8)
            value |= UInt64(distance.bits) &<< lengthWidth
            value |= UInt64(truncatingIfNeeded: extra) &<< (lengthWidth &+ UInt64(distance.width))
            cursor.put(value, width: Int(lengthWidth) &+ Int(distance.width) &+ extraWidth)
        }
        cursor.put(literals[DeflateSymbols.endOfBlock])
    }

    private func fillLengthBits(_ literals: borrowing PrefixCode) {
        for length in 3...258 {
            let symbol = symbols.lengthSymbol(length)
            let entry = literals[DeflateSymbols.firstLength + symbol]
            let extraWidth = DeflateSymbols.lengthExtraWidth(symbol)
            let extra = UInt32(length - 3) & (1 << UInt32(extraWidth) - 1)
            let bits = UInt32(entry.bits) | extra << UInt32(entry.width)
            unsafe lengthBits[length] = bits << 8 | (UInt32(entry.width) + UInt32(extraWidth))
        }
    }

    private enum Codes {
        case fixed
        case dynamic
    }
}
