/// Makes a gzip blob from its content and from the corrections that were made for it.
///
/// Corrections that are damaged make another blob, or one that ends early: its digest shows that.
/// Memory: about 12 MiB.
public struct CorrectionRestorer: ~Copyable {
    private enum Step {
        case header, block
        /// So many tokens or stored bytes remain.
        case tokens(Int), stored(Int)
        case end
        /// All was made, or something cannot be.
        case done
    }

    private var step = Step.header
    private var coder: DecisionReader
    private var model: CorrectionModel
    private var block = DeflateBlock()
    private var writer = DeflateBlockWriter()
    private var trailer = MemberTrailer()
    /// Where the content starts that the trailer does not know yet.
    private var checked = 0

    /// For one blob.
    ///
    /// - Parameter corrections: What `CorrectionMaker` made.
    public init(_ corrections: any ByteSource) {
        coder = DecisionReader(corrections)
        let settings = PredictionSettings(coder.prefix)
        model = CorrectionModel(settings ?? PredictionSettings())
        if settings == nil { step = .done }
    }

    /// Takes the next bytes of the content and hands on what is made.
    ///
    /// - Parameters:
    ///   - bytes: Any number.
    ///   - output: Is called with bytes of the blob, which are gone when it returns.
    /// - Throws: What `output` throws, or reading the corrections.
    public mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let count = unsafe model.window.append(rest)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if case .done = step { return }
            try unsafe run(output)
        }
    }

    /// Ends the blob; the restorer must not be used any more.
    ///
    /// - Parameter output: As for `append`.
    /// - Throws: What `output` throws, or reading the corrections.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        model.window.isComplete = true
        try unsafe run(output)
        try unsafe writer.drain(all: true, output)
    }

    /// Goes on until more content is needed.
    private mutating func run(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        while !coder.isExhausted, try unsafe advance(output) {}
        if let failure = coder.failure { throw failure }
    }

    /// Makes the next step; false when that needs more content, or nothing is left to do.
    private mutating func advance(_ output: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        switch step {
        case .header:
            guard let header = model.code(header: [], &coder) else { return fail() }
            unsafe header.withUnsafeBytes { unsafe writer.put($0) }
            step = .block
        case .block:
            block.tokens.removeAll(keepingCapacity: true)
            block.description = WidthDescription()
            guard let count = model.blocks.code(&block, &coder) else { return fail() }
            if block.kind == .stored { writer.start(stored: block) }
            step = block.kind == .stored ? .stored(count) : .tokens(count)
        case .tokens(let count):
            return try unsafe takeTokens(count, output)
        case .stored(let count):
            return try unsafe takeBytes(count, output)
        case .end:
            writer.pad(model.blocks.code(padding: 0, &coder))
            unsafe trailer.bytes.withUnsafeBytes { unsafe writer.put($0) }
            trailer = MemberTrailer()
            step = model.code(hasMore: false, &coder) ? .header : .done
        case .done: return false
        }
        try unsafe writer.drain(all: false, output)
        return true
    }

    private mutating func fail() -> Bool {
        step = .done
        return false
    }

    private mutating func takeTokens(
        _ count: Int, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        var count = count
        while count > 0 {
            guard model.window.isReady else {
                step = .tokens(count)
                return false
            }
            guard let token = model.code(Token(literal: 0), &coder) else { return fail() }
            block.tokens.append(token)
            count -= 1
            check(atLeast: Self.checkSize)
        }
        if block.kind == .described {
            guard model.descriptions.code(&block.description, of: block.tokens, &coder) else { return fail() }
        }
        try unsafe writer.write(block, output)
        endBlock()
        return true
    }

    private mutating func takeBytes(_ count: Int, _ output: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        var count = count
        while count > 0 {
            guard model.window.isReady else {
                step = .stored(count)
                return false
            }
            guard let byte = model.passByte() else { return fail() }
            writer.put(byte)
            count -= 1
            check(atLeast: Self.checkSize)
        }
        endBlock()
        return true
    }

    private mutating func endBlock() {
        check(atLeast: 1)
        step = block.isLast ? .end : .block
    }

    /// Less than the window keeps.
    private static let checkSize = 16 << 10

    private mutating func check(atLeast least: Int) {
        let count = model.window.position - checked
        guard count >= least else { return }
        unsafe model.window.withBytes(at: checked, count: count) { unsafe trailer.update($0) }
        checked += count
    }
}
