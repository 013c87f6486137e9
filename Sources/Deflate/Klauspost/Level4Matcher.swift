/// Level 4: two tables, by 4 and by 7 bytes, with one place each.
@safe final class Level4Matcher: BlockMatcher {
    private static let bits = 15
    private let short = HashTable(bits: Level4Matcher.bits)
    private let long = HashTable(bits: Level4Matcher.bits)
    /// Whether a match one byte on is compared at the place that its distance is the number of.
    private let misplacesNext: Bool

    init(misplacesNext: Bool) { self.misplacesNext = misplacesNext }

    func lower(by distance: Int) {
        short.lower(by: distance)
        long.lower(by: distance)
    }

    func match(_ window: Window, _ range: SearchRange, into tokens: inout TokenBlock) {
        var first = range.start
        var place = first
        while let found = search(window, range, first, place) {
            var match = found.match
            match.length = window.fullLength(match.place, match.source, known: 4, end: range.end)
            match.extendBack(window, to: first)
            match.append(window, from: first, to: &tokens)
            first = match.place &+ match.length
            place = max(first, found.next &+ 1)
            if place >= range.limit {
                if place &+ 8 < range.end { store(window.word(place), place &+ range.origin) }
                break
            }
            var inside = found.next
            while inside < place &- 1 {
                let word = window.word(inside)
                long[longHash(word)] = inside &+ range.origin
                store(word &>> 8, inside &+ 1 &+ range.origin)
                inside &+= 3
            }
            store(window.word(place &- 1), place &- 1 &+ range.origin)
        }
        finish(window, range, from: first, into: &tokens)
    }

    @inline(__always)
    private func shortHash(_ word: UInt64) -> Int { Hash.four(word, bits: Self.bits) }

    @inline(__always)
    private func longHash(_ word: UInt64) -> Int { Hash.seven(word, bits: Self.bits) }

    @inline(__always)
    private func store(_ word: UInt64, _ place: Int) {
        short[shortHash(word)] = place
        long[longHash(word)] = place
    }

    /// Looks for a match from a place on; `next` is the place that would be searched after it.
    @inline(__always)
    private func search(
        _ window: Window, _ range: SearchRange, _ first: Int, _ start: Int
    ) -> (match: Match, next: Int)? {
        let origin = range.origin
        var place = start
        var word = window.word(place)
        while true {
            let next = place &+ 1 &+ (place &- first) &>> 6
            if next > range.limit { return nil }
            let shortPlace = shortHash(word)
            let longPlace = longHash(word)
            let near = short[shortPlace] &- origin
            let far = long[longPlace] &- origin
            short[shortPlace] = place &+ origin
            long[longPlace] = place &+ origin
            let nextWord = window.word(next)
            if window.matches(word, at: place, far) { return (Match(place, far), next) }
            if window.matches(word, at: place, near) {
                let source = long[longHash(nextWord)] &- origin
                if window.matches(nextWord, at: next, source) {
                    let length = window.fullLength(place, near, known: 4, end: range.end)
                    let compared = misplacesNext ? next &- source : source
                    let other = window.fullLength(next, compared, known: 4, end: range.end)
                    if other > length { return (Match(next, source), next) }
                }
                return (Match(place, near), next)
            }
            place = next
            word = nextWord
        }
    }
}
