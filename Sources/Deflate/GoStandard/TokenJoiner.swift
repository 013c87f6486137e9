/// Joins the runs of consecutive parts to the stream's tokens, and writes its blocks.
///
/// With lazy matching, what follows a place where a token starts depends on nothing but the bytes: a copy that waits
/// there was found there, whatever came before. So two runs that both have a token starting at one place are the same
/// from there on. Where a part's run and the true tokens do not meet at once, the few tokens between are encoded anew.
struct TokenJoiner: ~Copyable {
    /// After how many bytes the first look for a meeting is taken; it doubles.
    private static let firstStep = 1024

    private let level: GoLevel
    private var blocks: TokenBlocks
    /// Where the next token starts.
    private var position = 0

    init(_ level: GoLevel) {
        self.level = level
        blocks = TokenBlocks(level)
    }

    /// Takes the next part with its run.
    mutating func append(
        _ part: StreamPart, _ run: TokenRun, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var run = Walk(run, from: part.range.lowerBound)
        run.advance(to: position)
        if run.position != position {
            var encoder = PartEncoder(part, from: position, level)
            var bridge = Walk(encoder.run, from: position)
            var step = Self.firstStep
            repeat {
                encoder.encode(before: min(position + step, part.range.upperBound))
                bridge.run = encoder.run
                step *= 2
            } while !bridge.meet(&run) && position + step / 2 < part.range.upperBound
            try unsafe write(bridge.walked, part, to: bridge.position, output)
        }
        guard run.position == position else { return }
        try unsafe write(run.rest, part, to: run.run.end, output)
    }

    /// Ends the stream.
    mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe blocks.finish(output)
    }

    private mutating func write(
        _ tokens: ArraySlice<Token>, _ part: StreamPart, to end: Int,
        _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        let range = (position - part.base)..<(end - part.base)
        position = end
        try unsafe tokens.withUnsafeBufferPointer { tokens in
            try unsafe part.bytes.withUnsafeBytes { bytes in
                let stretch = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
                try unsafe blocks.append(tokens, stretch, end: part.streamEnd, output)
            }
        }
    }
}

/// A walk along a run, from token to token.
private struct Walk {
    var run: TokenRun
    private var index = 0
    /// Where in the stream the token at the index starts.
    private(set) var position: Int

    init(_ run: TokenRun, from position: Int) {
        self.run = run
        self.position = position
    }

    var walked: ArraySlice<Token> { run.tokens[..<index] }

    var rest: ArraySlice<Token> { run.tokens[index...] }

    private var isAtEnd: Bool { index == run.tokens.count }

    /// Goes to the first token that starts at the place or later.
    mutating func advance(to place: Int) {
        while position < place, !isAtEnd {
            position += run.tokens[index].length
            index += 1
        }
    }

    /// Goes on in both runs to where a token starts in both; false when one ends before.
    mutating func meet(_ other: inout Walk) -> Bool {
        while position != other.position {
            if position < other.position {
                if isAtEnd { return false }
                advance(to: other.position)
            } else {
                if other.isAtEnd { return false }
                other.advance(to: position)
            }
        }
        return true
    }
}
