/// The search of levels 7 to 9.
@safe struct LazySearch: ~Copyable {
    /// How much a level searches.
    private struct Effort {
        /// A match this long is not improved upon.
        let lazy: Int
        /// A match this long ends the search for the place.
        let nice: Int
        /// How many places of a chain are looked at.
        let chain: Int
    }

    private static let blockTokens = 32_768
    /// How many bytes later a match may start that ends later.
    private static let delay = 2

    var window = ChainWindow()
    private let effort: Effort
    private let variant: KlauspostEncoder.Variant
    private var prices: LiteralPrices?
    private var tokens = TokenBlock()
    /// The match at the place before, or length 3 if there is none.
    private var length = 3
    private var distance = 0
    /// Whether the byte before the place is not in a token yet.
    private var isByteWaiting = false
    /// How many literals there were since the last match; starts again at 0 after 65,535.
    private var literalRun: UInt16 = 0

    init(_ variant: KlauspostEncoder.Variant, level: Int) {
        self.variant = variant
        effort =
            switch level {
            case 7: Effort(lazy: 12, nice: 16, chain: 24)
            case 8: Effort(lazy: 30, nice: 40, chain: 64)
            default: Effort(lazy: 258, nice: 258, chain: 1024)
            }
        prices = level == 9 ? LiteralPrices(variant) : nil
    }

    /// Stores the places of the dictionary's end.
    mutating func prime(_ dictionary: UnsafeRawBufferPointer) {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: dictionary.suffix(ChainWindow.size))
        window.place = unsafe window.fill(bytes)
        window.store(from: 0, to: window.end)
        if !variant.countsDictionary { window.blockStart = window.end }
    }

    /// Makes tokens of what waits, and blocks of them.
    mutating func run(_ writer: inout BlockWriter, flushes: Bool) {
        if window.ahead < ChainWindow.leastAhead && !flushes { return }
        if window.ahead > 0 { prices?.make(window.view, from: window.place, to: window.end) }
        while window.ahead >= ChainWindow.leastAhead || (flushes && window.ahead > 0) {
            window.storePlace()
            let ahead = window.ahead
            var match = Match(window.place - 1, window.place - 1 - distance, length: length)
            length = 3
            distance = 0
            let head = window.head - window.origin
            if head >= window.first && ahead > match.length && match.length < effort.lazy {
                find(from: head, most: min(ahead, 258))
            }
            if match.length >= 4 && length <= match.length {
                endLater(&match, ahead, &writer, flushes)
                take(match, &writer, flushes)
            } else {
                passByte(&writer, flushes)
            }
        }
        guard flushes else { return }
        if isByteWaiting {
            tokens.append(window.view[window.place - 1])
            isByteWaiting = false
        }
        if tokens.count > 0 { writeBlock(&writer, flushes) }
    }

    /// Follows the chain from a place for the longest match at the window's place.
    @inline(__always)
    private mutating func find(from head: Int, most: Int) {
        let view = window.view
        let place = window.place
        let first = window.first
        let nice = min(effort.nice, most)
        var gain = prices?.leastGain ?? 0
        var source = head
        for _ in 0..<effort.chain {
            if view[source &+ length] == view[place &+ length] {
                let found = view.common(place, source, most: most)
                if found > length && isWorth(Match(place, source, length: found), &gain) {
                    length = found
                    distance = place &- source
                    if found >= nice { return }
                }
            }
            if source <= first { return }
            source = window.link(source)
            if source < first { return }
        }
    }

    /// Whether a match saves more bits than the best so far; always so where no prices are known.
    @inline(__always)
    private func isWorth(_ match: Match, _ best: inout Int) -> Bool {
        guard let saved = prices?.gain(match, tokens.symbols) else { return true }
        if saved <= best { return false }
        best = saved
        return true
    }

    /// Replaces a match by one that the bytes at or behind its end lead to, if that is longer.
    private mutating func endLater(_ match: inout Match, _ ahead: Int, _ writer: inout BlockWriter, _ flushes: Bool) {
        switch variant.endSearch {
        case .sameStart:
            guard match.place + match.length + Self.delay < window.storeEnd else { return }
            let back = match.length - Self.delay
            let source = window.latest(at: match.place + back) - back
            guard source > window.first else { return }
            let length = window.view.common(match.place, source, most: min(ahead, 258))
            if length > match.length { match = Match(match.place, source, length: length) }
        case .extendsBack:
            guard match.length < 258 - Self.delay && match.place + match.length < window.storeEnd else { return }
            let source = window.latest(at: match.place + match.length) - match.length
            guard source != match.source && source > window.first + Self.delay else { return }
            let most = min(ahead, 258 + Self.delay) - Self.delay
            let length = window.view.common(match.place + Self.delay, source + Self.delay, most: most)
            guard length > match.length else { return }
            match = Match(match.place + Self.delay, source + Self.delay, length: length)
            while match.source > source && match.length < 258
                && window.view[match.place - 1] == window.view[match.source - 1]
            {
                match = Match(match.place - 1, match.source - 1, length: match.length + 1)
            }
            // The bytes before it are literals.
            for place in match.place - (match.source - source)..<match.place {
                append(window.view[place], &writer, flushes)
                window.place += 1
                window.storePlace()
            }
        }
    }

    /// Adds a match that starts a byte before the place, and stores the places in it.
    private mutating func take(_ match: Match, _ writer: inout BlockWriter, _ flushes: Bool) {
        tokens.append(length: match.length, distance: match.place - match.source)
        let next = window.place + match.length - 1
        window.store(from: window.place + 1, to: next)
        window.place = next
        isByteWaiting = false
        length = 3
        literalRun = 0
        if tokens.count == Self.blockTokens { writeBlock(&writer, flushes) }
    }

    /// Goes on by a byte, or by more where long nothing was found.
    @inline(__always)
    private mutating func passByte(_ writer: inout BlockWriter, _ flushes: Bool) {
        if length >= 4 { literalRun = 0 }
        guard isByteWaiting else {
            window.place += 1
            isByteWaiting = true
            return
        }
        literalRun &+= 1
        append(window.view[window.place - 1], &writer, flushes)
        window.place += 1
        let excess = Int(literalRun) - effort.chain
        if excess > 0 { skip(1 + excess >> 6, &writer, flushes) }
    }

    /// Makes literals of bytes without a search.
    private mutating func skip(_ count: Int, _ writer: inout BlockWriter, _ flushes: Bool) {
        for _ in 0..<count where window.place < window.end - 1 {
            append(window.view[window.place - 1], &writer, flushes)
            window.storePlace()
            window.place += 1
        }
        append(window.view[window.place - 1], &writer, flushes)
        isByteWaiting = false
    }

    @inline(__always)
    private mutating func append(_ byte: UInt8, _ writer: inout BlockWriter, _ flushes: Bool) {
        tokens.append(byte)
        if tokens.count == Self.blockTokens { writeBlock(&writer, flushes) }
    }

    private mutating func writeBlock(_ writer: inout BlockWriter, _ flushes: Bool) {
        unsafe writer.write(&tokens, window.block, flushes: flushes)
        window.blockStart = window.place
        tokens.clear()
    }
}
