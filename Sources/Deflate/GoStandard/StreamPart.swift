/// A part of a stream with the bytes around it that its tokens depend on.
///
/// With lazy matching every position is found again, so what a search sees is only the last half window: half a window
/// before the part, the tables are as if the stream had been encoded from its start. Parts begin where that half window
/// is a window's start too, so that slides come where they would.
struct StreamPart: Sendable {
    /// Parts are a multiple of this, but for the last.
    static let unit = GoWindow.half
    /// What is known of the bytes after a part: tokens that start in it, and the lookahead of the last of them.
    static let lookahead = 1024

    /// Where in the stream the part starts, and where it ends.
    let range: Range<Int>
    /// The half window before the part, the part, and the lookahead or what there is of it.
    let bytes: [UInt8]
    /// How many of the bytes come before the part.
    let history: Int
    /// The length of the stream when the bytes go on to its end.
    let streamEnd: Int?

    /// Where in the stream the bytes start.
    var base: Int { range.lowerBound - history }
}

/// The tokens of a part.
struct TokenRun: Sendable {
    /// The first stands for the bytes from the part's start on, the last begins in the part.
    var tokens: [Token]
    /// Where in the stream the last token ends.
    var end: Int

    /// Encodes a part as if a token started with it; a pure function, for any thread.
    init(_ part: StreamPart, _ level: GoLevel) {
        var encoder = PartEncoder(part, from: part.range.lowerBound, level)
        // A literal or a short copy each, as a rule; grows where there are more.
        encoder.reserve(part.range.count / 4)
        encoder.encode(before: part.range.upperBound)
        self = encoder.run
    }

    fileprivate init(start: Int) {
        tokens = []
        end = start
    }

    /// Drops the tokens at the end that begin at the position or later.
    fileprivate mutating func trim(to position: Int) {
        while let last = tokens.last, end - last.length >= position {
            end -= last.length
            tokens.removeLast()
        }
    }
}

/// Encodes a part from a place where a token starts, as far as wanted.
struct PartEncoder: ~Copyable {
    private let part: StreamPart
    private var matcher: ChainMatcher
    /// How many of the part's bytes the matcher has.
    private var fed: Int
    /// What was encoded so far.
    private(set) var run: TokenRun

    init(_ part: StreamPart, from position: Int, _ level: GoLevel) {
        self.part = part
        matcher = ChainMatcher(level)
        run = TokenRun(start: position)
        fed = 0
        let count = position - part.base
        unsafe part.bytes.withUnsafeBytes { fed = unsafe matcher.prime($0, count: count) }
    }

    /// Makes room for tokens.
    mutating func reserve(_ count: Int) { run.tokens.reserveCapacity(count) }

    /// Encodes until the next token starts at the position or later; then tokens beyond the part are dropped.
    mutating func encode(before position: Int) {
        let isWhole = position >= part.range.upperBound
        let wanted = isWhole ? part.bytes.count : min(part.bytes.count, position - part.base + StreamPart.lookahead)
        unsafe part.bytes.withUnsafeBytes { bytes in
            let more = unsafe UnsafeRawBufferPointer(rebasing: bytes[fed..<max(fed, wanted)])
            unsafe matcher.append(more) { tokens, bytes in
                unsafe run.tokens.append(contentsOf: tokens)
                run.end += bytes.count
            }
            fed += more.count
            let isEnd = fed == bytes.count && part.streamEnd != nil
            unsafe matcher.flush(isEnd: isEnd) { tokens, bytes in
                unsafe run.tokens.append(contentsOf: tokens)
                run.end += bytes.count
            }
        }
        if isWhole { run.trim(to: part.range.upperBound) }
    }
}
