/// Codes tokens by what could stand in their place.
///
/// The longest copy at a place and the one behind it are found as encoders find them; whether they are taken at once,
/// later or never, how many places an encoder looks at and what length it is content with is learned from the tokens.
@safe struct TokenModel: ~Copyable {
    private var finder: MatchFinder
    private var matches = Matches()
    private var followers = Matches()
    /// Whether the token before is a literal though it could be a copy.
    private var isDeferred = false

    private var isCopy = DecisionModel(contexts: LengthClass.count * 5 * 5 * 2 * 5)
    private var isListed = DecisionModel(contexts: LengthClass.count)
    private var isChosen = DecisionModel(contexts: 3 * 16 * LengthClass.count)
    private var isWhole = DecisionModel(contexts: 3 * LengthClass.count)
    private var missing = NumberModel(contexts: LengthClass.count)
    private var length = NumberModel()
    private var distance = NumberModel()

    init(_ settings: PredictionSettings) { finder = MatchFinder(settings) }

    /// Codes the token at the window's position.
    ///
    /// - Parameters:
    ///   - token: The token, where it is written.
    ///   - start: Copies refer to nothing before.
    ///   - window: The content.
    ///   - coder: Reads or writes.
    /// - Returns: The token; nil when what is read cannot be one.
    mutating func code<Coder: DecisionCoder & ~Copyable>(
        _ token: Token, from start: Int, _ window: borrowing ContentWindow, _ coder: inout Coder
    ) -> Token? {
        let place = window.position
        guard place < window.end else { return nil }
        if matches.place != place { finder.find(place, from: start, window, &matches) }
        finder.insert(place, window)
        let longest = matches.longest
        if longest.length > 0, longest.length < 258 { finder.find(place + 1, from: start, window, &followers) }
        let hasFollowers = followers.place == place + 1
        let context = Self.context(longest, hasFollowers ? followers.longest : Matches.Match(), isDeferred)
        guard isCopy.code(!token.isLiteral, context: context, &coder) else {
            isDeferred = longest.length > 0
            if hasFollowers { swap(&matches, &followers) }
            return Token(literal: window[place])
        }
        isDeferred = false
        guard let copy = codeCopy(token, &coder), copy.low < place - start, copy.length <= window.end - place else {
            return nil
        }
        finder.insert(copyAt: place, length: copy.length, window)
        return copy
    }

    /// Passes a byte that is no token's.
    mutating func pass(_ window: borrowing ContentWindow) { finder.insert(window.position, window) }

    private static func context(_ first: Matches.Match, _ second: Matches.Match, _ isDeferred: Bool) -> Int {
        let gain = min(max(second.length - first.length, -1), 3) + 1
        let nearer = min(max(width(first.distance) - width(second.distance), -2), 2) + 2
        // Encoders do not take short copies from afar.
        let reach = first.length > 4 ? 0 : min(max(width(first.distance) - 11, 0), 4)
        return (((LengthClass(first.length).value * 5 + gain) * 5 + nearer) * 5 + reach) * 2 + (isDeferred ? 1 : 0)
    }

    private static func width(_ number: Int) -> Int { Int.bitWidth - number.leadingZeroBitCount }

    private mutating func codeCopy<Coder: DecisionCoder & ~Copyable>(_ token: Token, _ coder: inout Coder) -> Token? {
        let chosen = listed(token)
        let longest = LengthClass(matches.longest.length).value
        if matches.count > 0, isListed.code(chosen >= 0, context: longest, &coder) {
            var index = matches.count - 1
            while index > 0 {
                let rank = min(matches.count - 1 - index, 2)
                let before = LengthClass(matches[index - 1].length).value
                let context = (rank * 16 + Self.width(matches[index].depth)) * LengthClass.count + before
                if isChosen.code(index == chosen, context: context, &coder) { break }
                index -= 1
            }
            let match = matches[index]
            let rank = min(matches.count - 1 - index, 2)
            let known = LengthClass(match.length).value
            if isWhole.code(token.length == match.length, context: rank * LengthClass.count + known, &coder) {
                return Token(length: match.length, distance: match.distance)
            }
            let less = missing.code(max(match.length - token.length - 1, 0), context: known, &coder) + 1
            guard match.length - less >= 3 else { return nil }
            return Token(length: match.length - less, distance: match.distance)
        }
        let length = length.code(max(token.length - 3, 0), &coder) + 3
        let distance = distance.code(token.low, &coder) + 1
        guard length <= 258, distance <= ContentWindow.history else { return nil }
        return Token(length: length, distance: distance)
    }

    /// Which of the matches has the token's distance, and all its length; −1 when none has.
    private func listed(_ token: Token) -> Int {
        guard !token.isLiteral else { return -1 }
        for index in 0..<matches.count where matches[index].distance == token.low + 1 {
            return matches[index].length >= token.length ? index : -1
        }
        return -1
    }
}

/// Lengths of copies that are much the same; the most usual limits of encoders are told apart.
struct LengthClass {
    static let count = 48
    let value: Int

    init(_ length: Int) { value = length <= 32 ? length : length == 258 ? 47 : 32 + (length - 17) / 16 }
}
