/// Codes what blocks are like, but for their tokens and codes.
struct BlockModel: ~Copyable {
    private var kind = NumberModel(contexts: 3)
    private var isLast = DecisionModel(contexts: 3)
    private var isSameCount = DecisionModel(contexts: 3)
    private var count = NumberModel(contexts: 3)
    private var padding = NumberModel()
    private var before = DeflateBlock.Kind.described
    /// How many tokens or bytes the last block of each kind had.
    private var counts: InlineArray<3, Int> = [0, 0, 0]

    /// Codes a block's kind, and how many tokens or bytes it has.
    ///
    /// - Returns: How many; nil when what is read cannot be a block.
    mutating func code<Coder: DecisionCoder & ~Copyable>(_ block: inout DeflateBlock, _ coder: inout Coder) -> Int? {
        let number = kind.code(block.kind.rawValue, context: before.rawValue, &coder)
        guard let kind = DeflateBlock.Kind(rawValue: number) else { return nil }
        block.kind = kind
        before = kind
        block.isLast = isLast.code(block.isLast, context: number, &coder)
        let known = kind == .stored ? block.storedCount : block.tokens.count
        var count = counts[number]
        if !isSameCount.code(known == count, context: number, &coder) {
            count = self.count.code(known, context: number, &coder)
        }
        guard count <= (kind == .stored ? 0xFFFF : DeflateBlock.mostTokens) else { return nil }
        counts[number] = count
        guard kind == .stored else { return count }
        block.storedCount = count
        block.padding = padding.code(block.padding, &coder)
        return block.padding < 128 ? count : nil
    }

    /// Codes the bits after the last block.
    mutating func code<Coder: DecisionCoder & ~Copyable>(padding bits: Int, _ coder: inout Coder) -> Int {
        padding.code(bits, &coder)
    }
}
