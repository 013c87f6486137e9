/// Lays tokens out in blocks of 16384, levels 2 to 9, and keeps the bytes that they stand for while they may be stored.
@safe struct TokenBlocks: ~Copyable {
    private static let tokenLimit = 1 << 14

    private var writer = GoBlockWriter()
    private let tokens: UnsafeMutablePointer<Token>
    private let bytes: UnsafeMutableRawPointer
    private var tokenCount = 0
    private var byteCount = 0
    /// Where in the stream the block starts.
    private var start = 0
    /// How far beyond a token's first byte the encoder is when it decides on the token.
    private let delay: Int

    init(_ level: GoLevel) {
        unsafe tokens = .allocate(capacity: Self.tokenLimit)
        unsafe bytes = .allocate(byteCount: GoBlockWriter.storedLimit, alignment: 64)
        delay = level.isLazy ? 1 : 0
    }

    deinit {
        unsafe tokens.deallocate()
        unsafe bytes.deallocate()
    }

    /// Takes the next tokens and the bytes that they stand for.
    ///
    /// - Parameters:
    ///   - added: any number of tokens.
    ///   - addedBytes: as many as the tokens stand for.
    ///   - end: the length of the stream; may be nil while at least `GoWindow.lookahead` bytes follow.
    ///   - output: is called with encoded bytes.
    mutating func append(
        _ added: UnsafeBufferPointer<Token>, _ addedBytes: UnsafeRawBufferPointer, end: Int?,
        _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var rest = unsafe added
        var restBytes = unsafe addedBytes
        while !rest.isEmpty {
            let count = min(rest.count, Self.tokenLimit - tokenCount)
            var length = 0
            for index in 0..<count { unsafe length &+= rest[index].length }
            unsafe (tokens + tokenCount).update(from: rest.baseAddress.unsafelyUnwrapped, count: count)
            unsafe keep(UnsafeRawBufferPointer(rebasing: restBytes[..<length]))
            tokenCount += count
            unsafe rest = UnsafeBufferPointer(rebasing: rest[count...])
            unsafe restBytes = UnsafeRawBufferPointer(rebasing: restBytes[length...])
            if tokenCount == Self.tokenLimit {
                let last = unsafe tokens[tokenCount - 1].length
                write(decidedAt: start + byteCount - last + delay, end: end)
                try unsafe writer.drain(all: false, output)
            }
        }
    }

    /// Writes the last block, and the empty one that ends the stream.
    mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let end = start + byteCount
        if tokenCount > 0 { write(decidedAt: end, end: end) }
        unsafe writer.stored(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        try unsafe writer.drain(all: true, output)
    }

    private mutating func keep(_ added: UnsafeRawBufferPointer) {
        // What does not fit makes the block too long to be stored.
        if let source = added.baseAddress, byteCount + added.count <= GoBlockWriter.storedLimit {
            unsafe (bytes + byteCount).copyMemory(from: source, byteCount: added.count)
        }
        byteCount += added.count
    }

    private mutating func write(decidedAt position: Int, end: Int?) {
        let isInWindow = start >= GoWindow.start(at: position, end: end)
        let isStorable = isInWindow && byteCount <= GoBlockWriter.storedLimit
        let block = unsafe UnsafeBufferPointer(start: tokens, count: tokenCount)
        unsafe writer.smallest(block, isStorable ? UnsafeRawBufferPointer(start: bytes, count: byteCount) : nil)
        start += byteCount
        byteCount = 0
        tokenCount = 0
    }
}
