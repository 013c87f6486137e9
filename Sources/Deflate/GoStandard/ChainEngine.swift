/// Levels 2 to 9 from bytes to blocks.
struct ChainEngine: ~Copyable {
    private var matcher: ChainMatcher
    private var blocks: TokenBlocks
    private var length = 0

    init(_ level: GoLevel) {
        matcher = ChainMatcher(level)
        blocks = TokenBlocks(level)
    }

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        length += bytes.count
        try unsafe matcher.append(bytes) { try unsafe blocks.append($0, $1, end: nil, output) }
    }

    mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let end = length
        try unsafe matcher.flush(isEnd: true) { try unsafe blocks.append($0, $1, end: end, output) }
        try unsafe blocks.finish(output)
    }
}
