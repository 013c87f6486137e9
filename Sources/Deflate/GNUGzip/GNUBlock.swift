/// The tokens of one block, and when it ends.
@safe struct GNUBlock: ~Copyable {
    /// A block has room for one token more, which is never used.
    private static let limit = 32_767
    /// After so many tokens it is guessed whether to end the block.
    private static let period = 4096

    private(set) var tokens = TokenBlock()
    /// Where in the window the block starts; negative when that is no longer there.
    var start = 0
    private let endsEarly: Bool

    init(endsEarly: Bool) { self.endsEarly = endsEarly }

    mutating func clear(at position: Int) {
        tokens.clear()
        start = position
    }

    /// Adds a literal at the position that is searched, or before it, and says whether the block is full.
    @inline(__always) mutating func append(_ byte: UInt8, at position: Int) -> Bool {
        tokens.append(byte)
        return isFull(at: position)
    }

    /// Adds a copy at the position that is searched, or before it, and says whether the block is full.
    @inline(__always) mutating func append(length: Int, distance: Int, at position: Int) -> Bool {
        tokens.append(length: length, distance: distance)
        return isFull(at: position)
    }

    @inline(__always) private func isFull(at position: Int) -> Bool {
        let count = tokens.count
        if count & (Self.period &- 1) != 0 || !endsEarly { return count == Self.limit }
        return unsafe Self.isCompact(count, tokens.distances, byteCount: position &- start)
    }

    /// Whether the bytes, other than those of the last token, are twice as many as their tokens are guessed to need, and
    /// few of the tokens are copies.
    @inline(never)
    private static func isCompact(_ count: Int, _ distances: UnsafePointer<UInt32>, byteCount: Int) -> Bool {
        var copies = 0
        var size = count * 8
        for symbol in 0..<DeflateSymbols.distanceCount {
            let count = unsafe Int(distances[symbol])
            copies += count
            size += count * (5 + DeflateSymbols.distanceExtraWidth(symbol))
        }
        return copies < count / 2 && size / 8 < byteCount / 2
    }
}
