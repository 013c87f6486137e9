/// All that is learned while corrections are coded, in either direction.
struct CorrectionModel: ~Copyable {
    var window = ContentWindow()
    var tokens: TokenModel
    var blocks = BlockModel()
    var descriptions = DescriptionModel()
    /// Where the content of the member starts.
    var start = 0

    private var headerSize = NumberModel()
    private var headerByte = NumberModel()
    private var hasMore = DecisionModel(contexts: 1)
    private var header: [UInt8] = []

    init(_ settings: PredictionSettings) { tokens = TokenModel(settings) }

    /// The longest header of a member that is believed, in bytes.
    static let mostHeader = 1024

    /// Codes the header of a member by the one before it.
    ///
    /// - Returns: Nil when what is read is too long.
    mutating func code<Coder: DecisionCoder & ~Copyable>(header known: [UInt8], _ coder: inout Coder) -> [UInt8]? {
        let count = headerSize.code(known.count, &coder)
        guard count <= Self.mostHeader else { return nil }
        var bytes: [UInt8] = []
        for index in 0..<count {
            let before = index < header.count ? header[index] : 0
            let change = Int((index < known.count ? known[index] : 0) ^ before)
            bytes.append(UInt8(truncatingIfNeeded: headerByte.code(change, &coder)) ^ before)
        }
        header = bytes
        start = window.position
        return bytes
    }

    /// Codes whether another member follows.
    mutating func code<Coder: DecisionCoder & ~Copyable>(hasMore known: Bool, _ coder: inout Coder) -> Bool {
        hasMore.code(known, context: 0, &coder)
    }

    /// Codes the next token, and passes its content; nil when what is read cannot be one.
    mutating func code<Coder: DecisionCoder & ~Copyable>(_ token: Token, _ coder: inout Coder) -> Token? {
        guard let token = tokens.code(token, from: start, window, &coder) else { return nil }
        window.position += token.length
        return token
    }

    /// Passes a stored byte, which can be copied from like all others; nil at the content's end.
    mutating func passByte() -> UInt8? {
        guard window.position < window.end else { return nil }
        tokens.pass(window)
        window.position += 1
        return window[window.position - 1]
    }
}
