/// Turns bytes into tokens as levels 2 to 9 of Go's encoder do.
@safe struct ChainMatcher: ~Copyable {
    private let level: GoLevel
    private var table = ChainTable()
    private let tokens: UnsafeMutablePointer<Token>
    private var tokenCount = 0
    /// The next position of the window to be encoded.
    private var position = 1
    /// The copy that waits at the position before; shorter than four bytes when none does.
    private var pending = (length: 3, distance: 0)
    /// The position after the bytes whose tokens were handed on.
    private var handedOn = 1

    init(_ level: GoLevel) {
        self.level = level
        // As many as bytes that can wait for a token.
        unsafe tokens = .allocate(capacity: GoWindow.size)
    }

    deinit { unsafe tokens.deallocate() }

    /// Takes bytes, and hands on tokens with the bytes that they stand for whenever a window is encoded.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeBufferPointer<Token>, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            if table.isFull {
                encode(before: table.end - GoWindow.lookahead + 1)
                try unsafe handOn(body)
                table.slide()
                position -= GoWindow.half
                handedOn -= GoWindow.half
            }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[table.fill(rest)...])
        }
    }

    /// Encodes what can be encoded without knowing what follows, or all when nothing may follow any more.
    mutating func flush(
        isEnd: Bool, _ body: (UnsafeBufferPointer<Token>, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        encode(before: isEnd ? table.end : table.end - GoWindow.lookahead + 1)
        try unsafe handOn(body)
    }

    /// Makes the first bytes known without encoding them: a stream that starts half a window before them.
    ///
    /// - Returns: how many of the bytes were taken; those beyond `count` wait to be encoded.
    mutating func prime(_ bytes: UnsafeRawBufferPointer, count: Int) -> Int {
        let taken = unsafe table.fill(bytes)
        table.insert(from: 1, before: 1 + count)
        position = 1 + count
        handedOn = position
        return taken
    }

    private mutating func encode(before limit: Int) {
        if level.isLazy { encodeLazily(before: limit) } else { encodeGreedily(before: limit) }
    }

    private mutating func handOn(
        _ body: (UnsafeBufferPointer<Token>, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        // A pending copy's first byte has no token yet.
        let done = position - (pending.length > 3 ? 1 : 0)
        guard done > handedOn else { return }
        try unsafe body(UnsafeBufferPointer(start: tokens, count: tokenCount), table.bytes(handedOn..<done))
        handedOn = done
        tokenCount = 0
    }

    /// Takes a copy only when the next position has no longer one.
    private mutating func encodeLazily(before limit: Int) {
        let end = table.end
        var position = position
        var pending = pending
        var count = tokenCount
        func emit(_ token: Token) {
            unsafe tokens[count] = token
            count &+= 1
        }
        while position < limit {
            var found = (length: 3, distance: 0)
            let lookahead = end &- position
            if lookahead >= 4 {
                let candidate = table.pushHead(position)
                if candidate >= table.oldest(for: position), pending.length < level.lazy, lookahead > pending.length {
                    found = table.search(position, candidate, floor: pending.length, level)
                }
                table.link(position, after: candidate)
            }
            if found.length > pending.length {
                if pending.length > 3 { emit(Token(literal: table.byte(position &- 1))) }
                pending = found
                position &+= 1
            } else if pending.length > 3 {
                emit(Token(length: pending.length, distance: pending.distance))
                let next = position &- 1 &+ pending.length
                table.insert(from: position &+ 1, before: next)
                position = next
                pending.length = 3
            } else {
                emit(Token(literal: table.byte(position)))
                position &+= 1
            }
        }
        self.position = position
        self.pending = pending
        tokenCount = count
    }

    /// Takes every copy at once.
    private mutating func encodeGreedily(before limit: Int) {
        let end = table.end
        var position = position
        var count = tokenCount
        func emit(_ token: Token) {
            unsafe tokens[count] = token
            count &+= 1
        }
        while position < limit {
            var found = (length: 3, distance: 0)
            if end &- position >= 4 {
                let candidate = table.pushHead(position)
                if candidate >= table.oldest(for: position) {
                    found = table.search(position, candidate, floor: 3, level)
                }
                table.link(position, after: candidate)
            }
            if found.length > 3 {
                emit(Token(length: found.length, distance: found.distance))
                let next = position &+ found.length
                if found.length <= level.longestIndexed { table.insert(from: position &+ 1, before: next) }
                position = next
            } else {
                emit(Token(literal: table.byte(position)))
                position &+= 1
            }
        }
        self.position = position
        tokenCount = count
    }
}
