/// Writes blocks as GNU gzip does: with codes of their own, with the fixed ones, or as they are.
@safe struct GNUBlockWriter: ~Copyable {
    private var bits = BitWriter()
    private var literals = PrefixCode(count: DeflateSymbols.literalCount)
    private var distances = PrefixCode(count: DeflateSymbols.distanceCount)
    private let fixedLiterals = PrefixCode.fixedLiterals()
    private let fixedDistances = PrefixCode.fixedDistances()
    private var tree = HuffmanTree()
    private var description = CodeDescription()
    private var emitter = TokenEmitter()

    /// Hands on the whole bytes.
    mutating func drain(all: Bool, _ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe bits.drain(all: all, output)
    }

    /// Writes a block.
    ///
    /// - Parameters:
    ///   - tokens: any number.
    ///   - input: the bytes that they stand for, if they are still there: fewer than a window's.
    ///   - isLast: whether the stream ends with the block.
    mutating func write(_ tokens: borrowing TokenBlock, _ input: UnsafeRawBufferPointer?, isLast: Bool) {
        unsafe tokens.literals[DeflateSymbols.endOfBlock] = 1
        unsafe tree.build(&literals, tokens.literals, limit: 15)
        unsafe tree.build(&distances, tokens.distances, limit: 15)
        description.describe(literals, distances, &tree, joinsRuns: false)
        let extra = tokens.extraBits
        let own = bytes(description.size + size(tokens, literals, distances) + extra)
        let fixed = bytes(3 + size(tokens, fixedLiterals, fixedDistances) + extra)
        if let input = unsafe input, input.count + 4 <= min(own, fixed) {
            unsafe writeStored(input, isLast: isLast)
        } else if fixed <= own {
            bits.put(isLast ? 3 : 2, width: 3)
            emitter.write(tokens, fixedLiterals, fixedDistances, to: &bits)
            bits.cursor.put(fixedLiterals[DeflateSymbols.endOfBlock])
        } else {
            description.write(&bits, isLast: isLast)
            emitter.write(tokens, literals, distances, to: &bits)
            bits.cursor.put(literals[DeflateSymbols.endOfBlock])
        }
    }

    private mutating func writeStored(_ input: UnsafeRawBufferPointer, isLast: Bool) {
        bits.put(isLast ? 1 : 0, width: 3)
        bits.align()
        bits.put(UInt64(input.count), width: 16)
        bits.put(UInt64(~UInt16(input.count)), width: 16)
        unsafe bits.put(input)
    }

    /// How many bits the tokens need, without their extra bits.
    private func size(
        _ tokens: borrowing TokenBlock, _ literals: borrowing PrefixCode, _ distances: borrowing PrefixCode
    ) -> Int {
        unsafe literals.size(tokens.literals, count: DeflateSymbols.literalCount)
            + distances.size(tokens.distances, count: DeflateSymbols.distanceCount)
    }

    /// Sizes are compared in whole bytes, as if the block started one.
    private func bytes(_ bits: Int) -> Int { (bits + 7) / 8 }
}
