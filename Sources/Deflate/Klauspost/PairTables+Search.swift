/// The search that levels 5 and 6 share; level 6 does it more thoroughly.
extension PairTables {
    /// A match, and the last place that was stored while it was looked for.
    typealias Found = (match: Match, last: Int)

    /// Looks for a match from a place on.
    ///
    /// A match of 7 bytes' hash ends the search: the longer of two. One of 4 bytes' hash is compared with those of the
    /// next place. The lengths of what was not compared with another are not found out.
    ///
    /// - Parameters:
    ///   - window: the history and the block.
    ///   - range: where the block is.
    ///   - first: the first byte that is in no token.
    ///   - start: where the search begins, at or behind it.
    ///   - isThorough: whether it is level 6.
    ///   - distance: the last match's, for level 6.
    /// - Returns: nil at the end of the block.
    @inline(__always)
    func search(
        _ window: Window, _ range: SearchRange, from first: Int, _ start: Int, isThorough: Bool, distance: Int
    ) -> Found? {
        let origin = range.origin
        var place = start
        var word = window.word(place)
        var shortHash = Self.shortHash(word)
        var longHash = Self.longHash(word)
        while true {
            // The longer nothing was found, the wider the steps.
            let next = place &+ 1 &+ (place &- first) &>> (isThorough ? 7 : 6)
            if next > range.limit { return nil }
            let source = short[shortHash] &- origin
            let pair = long[longHash]
            short[shortHash] = place &+ origin
            long.push(place &+ origin, at: longHash)
            let nextWord = window.word(next)
            shortHash = Self.shortHash(nextWord)
            longHash = Self.longHash(nextWord)

            if let match = longer(pair, at: place, word, window, range) {
                short[shortHash] = next &+ origin
                long.push(next &+ origin, at: longHash)
                return (match, next)
            }
            if window.matches(word, at: place, source) {
                let match = Match(place, source, length: window.shortLength(place, source, end: range.end))
                let nextPair = long[longHash]
                short[shortHash] = next &+ origin
                long.push(next &+ origin, at: longHash)
                if isThorough {
                    // The last match's distance, one byte on.
                    let repeated = place &+ 1 &- distance
                    if UInt32(truncatingIfNeeded: word &>> 8) == window.half(repeated) {
                        let length = window.shortLength(place &+ 1, repeated, end: range.end)
                        if length > match.length { return (Match(place &+ 1, repeated, length: length), next) }
                    }
                }
                return (better(match, nextPair, at: next, nextWord, window, range, isThorough: isThorough), next)
            }
            place = next
            word = nextWord
        }
    }

    /// The match in its whole length.
    @inline(__always)
    func whole(_ match: Match, _ window: Window, _ range: SearchRange) -> Match {
        // A length between these was compared with another, and is the whole length already.
        guard match.length == 4 || match.length == 258 else { return match }
        let length = window.fullLength(match.place, match.source, known: match.length, end: range.end)
        return Match(match.place, match.source, length: length)
    }

    /// The longer match of two places; the one stored before counts only where the latest is in reach.
    @inline(__always)
    private func longer(
        _ pair: HashPairTable.Pair, at place: Int, _ word: UInt64, _ window: Window, _ range: SearchRange
    ) -> Match? {
        let latest = pair.latest &- range.origin
        guard place &- latest < History.reach else { return nil }
        let previous = pair.previous &- range.origin
        guard UInt32(truncatingIfNeeded: word) == window.half(latest) else {
            return window.matches(word, at: place, previous) ? Match(place, previous, length: 4) : nil
        }
        guard window.matches(word, at: place, previous) else { return Match(place, latest, length: 4) }
        let length = window.shortLength(place, latest, end: range.end)
        let other = window.shortLength(place, previous, end: range.end)
        return other > length ? Match(place, previous, length: other) : Match(place, latest, length: length)
    }

    /// A longer match at the next place: the longest for level 6, the first of two for level 5.
    @inline(__always)
    private func better(
        _ match: Match, _ pair: HashPairTable.Pair, at next: Int, _ word: UInt64, _ window: Window,
        _ range: SearchRange, isThorough: Bool
    ) -> Match {
        var best = match
        let latest = pair.latest &- range.origin
        guard next &- latest < History.reach else { return best }
        if window.matches(word, at: next, latest) {
            let length = window.shortLength(next, latest, end: range.end)
            if length > best.length {
                best = Match(next, latest, length: length)
                if !isThorough { return best }
            }
        }
        let previous = pair.previous &- range.origin
        if window.matches(word, at: next, previous) {
            let length = window.shortLength(next, previous, end: range.end)
            if length > best.length { best = Match(next, previous, length: length) }
        }
        return best
    }

    /// Takes a match that starts two bytes later, so that those may differ, if it is longer nevertheless.
    ///
    /// Extending backwards then takes the two bytes in if they do not differ.
    @inline(__always)
    static func prefer(
        _ match: inout Match, at place: Int, _ source: Int, _ window: Window, _ range: SearchRange
    ) {
        guard source >= 0 && place > source && place &- source < History.reach else { return }
        let length = window.fullLength(place, source, known: 0, end: range.end)
        if length > match.length { match = Match(place, source, length: length) }
    }
}
