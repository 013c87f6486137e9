/// Writes blocks, and decides how: stored, with the fixed codes, with new codes, or on with the codes of the last block.
///
/// What the decoder sees as one block may be several here: a block that was not flushed stays open, its end not written,
/// until the next needs other codes.
@safe struct BlockWriter: ~Copyable {
    /// The codes that the stream can go on with.
    private enum OpenBlock {
        case none
        /// Codes made for tokens; how large their header was, in bits.
        case tokens(header: Int)
        /// A code made for literals only.
        case literals(header: Int)

        var header: Int {
            switch self {
            case .none: 0
            case .tokens(let header), .literals(let header): header
            }
        }
    }

    /// Blocks of fewer tokens may use the fixed codes.
    private static let fixedLimit = 250
    /// What a header is taken to need before it is known, in bits.
    private static let guessedHeader = 70 * 8

    private let variant: KlauspostEncoder.Variant
    /// New codes are taken to need 1/2^this more than their estimate.
    private let penaltyShift: Int
    private var bits = BitWriter()
    private var open = OpenBlock.none
    private var literals = PrefixCode(count: DeflateSymbols.literalCount)
    private var newLiterals = PrefixCode(count: DeflateSymbols.literalCount)
    private var distances = PrefixCode(count: DeflateSymbols.distanceCount)
    private let fixedLiterals = PrefixCode.fixedLiterals()
    private let fixedDistances = PrefixCode.fixedDistances()
    private let oneDistance: PrefixCode
    private var widths = CodeWidths()
    private var description = CodeDescription()
    private var emitter = TokenEmitter()
    private let counts: UnsafeMutablePointer<UInt32>

    init(_ variant: KlauspostEncoder.Variant, penaltyShift: Int) {
        self.variant = variant
        self.penaltyShift = penaltyShift
        unsafe counts = .allocate(capacity: 288)
        var code = PrefixCode(count: 1)
        code.assign { _ in 1 }
        oneDistance = code
    }

    deinit { unsafe counts.deallocate() }

    /// Hands on the whole bytes.
    mutating func drain(all: Bool, _ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe bits.drain(all: all, output)
    }

    /// Writes an empty stored block, which ends at a byte's edge.
    mutating func writeSyncMarker() {
        unsafe writeStored(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Writes an empty last block, with the fixed codes.
    mutating func writeEnd() {
        close()
        bits.put(0b011, width: 3)
        bits.put(0, width: 7)
    }

    /// Writes bytes as they are, at most 65,535.
    mutating func writeStored(_ bytes: UnsafeRawBufferPointer) {
        close()
        bits.put(0b000, width: 3)
        bits.align()
        bits.put(UInt64(bytes.count), width: 16)
        bits.put(UInt64(~UInt16(bytes.count)), width: 16)
        unsafe bits.put(bytes)
    }

    /// Writes tokens.
    ///
    /// - Parameters:
    ///   - tokens: at least one.
    ///   - input: the bytes that they stand for, if they are still there.
    ///   - flushes: whether the block must end here.
    mutating func write(_ tokens: inout TokenBlock, _ input: UnsafeRawBufferPointer?, flushes: Bool) {
        let count = tokens.count + (flushes ? 1 : 0)
        if case .literals = open { close() }
        if open.header > 0 && !canContinue(tokens) { close() }

        let stored = unsafe input.flatMap { $0.count <= 65_535 ? ($0.count + 5) * 8 : nil } ?? .max
        let isWhole = variant.writesWholeAlphabets && !flushes
        if !isWhole { prepare(&tokens) }
        let extra = tokens.extraBits

        if open.header > 0 {
            var size = unsafe literals.size(tokens.literals, count: DeflateSymbols.literalCount)
            unsafe size += distances.size(tokens.distances, count: DeflateSymbols.distanceCount) + extra
            var renewed = open.header + tokens.estimatedBits(count: count)
            renewed += Int(literals[DeflateSymbols.endOfBlock].width) + renewed >> penaltyShift
            if renewed < size {
                close()
                size = renewed
            }
            if count < Self.fixedLimit && fixedSize(tokens, extra) + 7 < size {
                if let input = unsafe input, stored <= size { return unsafe writeStored(input) }
                return writeFixed(tokens)
            }
            if let input = unsafe input, stored <= size { return unsafe writeStored(input) }
        }
        if open.header == 0 {
            unsafe tokens.literals[DeflateSymbols.endOfBlock] = 1
            unsafe widths.build(&literals, tokens.literals, limit: 15)
            unsafe widths.build(&distances, tokens.distances, limit: 15)
            description.describe(literals, distances, &widths, isWhole: isWhole)
            var size = description.size + extra
            unsafe size += literals.size(tokens.literals, count: DeflateSymbols.literalCount)
            unsafe size += distances.size(tokens.distances, count: DeflateSymbols.distanceCount)
            if count < Self.fixedLimit {
                let fixed = fixedSize(tokens, extra)
                if fixed <= size {
                    if let input = unsafe input, stored <= fixed { return unsafe writeStored(input) }
                    return writeFixed(tokens)
                }
            }
            if let input = unsafe input, stored <= size { return unsafe writeStored(input) }
            description.write(&bits)
            open = .tokens(header: description.size)
        }
        emitter.write(tokens, literals, distances, to: &bits)
        if flushes { close() }
    }

    /// Writes bytes of which few would match, with a code for literals only.
    mutating func writeLiterals(_ input: UnsafeRawBufferPointer, flushes: Bool) {
        unsafe counts.initialize(repeating: 0, count: 288)
        for index in 0..<input.count { unsafe counts[Int(input[index])] &+= 1 }
        if input.count > 1024 && isEven(input.count) { return unsafe writeStored(input) }

        unsafe counts[DeflateSymbols.endOfBlock] = 1
        unsafe widths.build(&newLiterals, counts, limit: 15)
        var size = unsafe newLiterals.size(counts, count: DeflateSymbols.endOfBlock + 1)
        size += open.header == 0 ? Self.guessedHeader : open.header
        size += size >> penaltyShift
        if (input.count + 5) * 8 <= size { return unsafe writeStored(input) }

        if open.header > 0 {
            let continues = unsafe literals.covers(counts, count: DeflateSymbols.endOfBlock)
            if unsafe !continues || size < literals.size(counts, count: DeflateSymbols.endOfBlock) { close() }
        }
        if open.header == 0 {
            swap(&literals, &newLiterals)
            description.describe(literals, oneDistance, &widths)
            description.write(&bits)
            open = .literals(header: description.size)
        }
        unsafe emitter.write(input, literals, to: &bits)
        if flushes { close() }
    }

    /// Ends the open block.
    private mutating func close() {
        guard open.header > 0 else { return }
        let entry = literals[DeflateSymbols.endOfBlock]
        bits.put(UInt64(entry.bits), width: Int(entry.width))
        open = .none
    }

    private func canContinue(_ tokens: borrowing TokenBlock) -> Bool {
        unsafe literals.covers(tokens.literals, count: DeflateSymbols.literalCount)
            && distances.covers(tokens.distances, count: DeflateSymbols.distanceCount)
    }

    /// Counts the end of the block, and a distance where there is none: a code of no symbol cannot be written.
    private func prepare(_ tokens: inout TokenBlock) {
        unsafe tokens.literals[DeflateSymbols.endOfBlock] = 1
        for symbol in 0..<DeflateSymbols.distanceCount where unsafe tokens.distances[symbol] > 0 { return }
        unsafe tokens.distances[0] = 1
    }

    private func fixedSize(_ tokens: borrowing TokenBlock, _ extra: Int) -> Int {
        unsafe 3 + fixedLiterals.size(tokens.literals, count: DeflateSymbols.literalCount)
            + fixedDistances.size(tokens.distances, count: DeflateSymbols.distanceCount) + extra
    }

    /// Writes tokens with the fixed codes; the block ends here.
    private mutating func writeFixed(_ tokens: borrowing TokenBlock) {
        close()
        bits.put(0b010, width: 3)
        emitter.write(tokens, fixedLiterals, fixedDistances, to: &bits)
        bits.put(0, width: 7)
    }

    /// Whether the counts are so even that no code would help.
    private func isEven(_ count: Int) -> Bool {
        let mean = Double(count) / 256
        var variance = 0.0
        for symbol in 0..<256 {
            let difference = unsafe Double(counts[symbol]) - mean
            variance += difference * difference
        }
        return variance < Double(2 * count)
    }
}
