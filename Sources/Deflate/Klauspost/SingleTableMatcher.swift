/// Levels 1 and 2: one table by 5 bytes, pairs of places with a gap after each, and often several matches in a row.
@safe final class SingleTableMatcher: BlockMatcher {
    private let bits: Int
    /// Whether it is level 2, which stores places inside of matches.
    private let isDense: Bool
    private let table: HashTable

    init(level: Int) {
        isDense = level == 2
        bits = isDense ? 17 : 15
        table = HashTable(bits: bits)
    }

    func lower(by distance: Int) { table.lower(by: distance) }

    func match(_ window: Window, _ range: SearchRange, into tokens: inout TokenBlock) {
        let origin = range.origin
        var first = range.start
        var place = first
        while let found = search(window, range, first, place) {
            var match = found.match
            while true {
                match.length = window.fullLength(match.place, match.source, known: 4, end: range.end)
                match.extendBack(window, to: first)
                match.append(window, from: first, to: &tokens)
                first = match.place &+ match.length
                place = max(first, found.next &+ 1)
                if place >= range.limit {
                    if place &+ match.length &+ 8 < range.end { table[hash(window.word(place))] = place &+ origin }
                    return finish(window, range, from: first, into: &tokens)
                }
                let word = window.word(place &- 2)
                if isDense { storeInside(window, range, from: place &- match.length &+ 2, to: place &- 5) }
                table[hash(word)] = place &- 2 &+ origin
                if isDense { table[hash(word &>> 8)] = place &- 1 &+ origin }
                // Does another match follow at once? This one may reach back farthest.
                let here = hash(word &>> 16)
                let source = table[here] &- origin
                table[here] = place &+ origin
                if place &- source > History.reach || UInt32(truncatingIfNeeded: word &>> 16) != window.half(source) {
                    place &+= 1
                    break
                }
                match = Match(place, source)
            }
        }
        finish(window, range, from: first, into: &tokens)
    }

    /// Stores three of seven places.
    @inline(__always)
    private func storeInside(_ window: Window, _ range: SearchRange, from start: Int, to end: Int) {
        var place = start
        while place < end {
            let word = window.word(place)
            table[hash(word)] = place &+ range.origin
            table[hash(word &>> 16)] = place &+ range.origin &+ 2
            table[hash(word &>> 32)] = place &+ range.origin &+ 4
            place &+= 7
        }
    }

    @inline(__always)
    private func hash(_ word: UInt64) -> Int { Hash.five(word, bits: bits) }

    /// Looks for a match from a place on; `next` is the place that would be searched after it.
    @inline(__always)
    private func search(
        _ window: Window, _ range: SearchRange, _ first: Int, _ start: Int
    ) -> (match: Match, next: Int)? {
        let origin = range.origin
        var place = start
        var word = window.word(place)
        var here = hash(word)
        while true {
            let next = place &+ 2 &+ (place &- first) &>> 5
            if next > range.limit { return nil }
            let source = table[here] &- origin
            table[here] = place &+ origin
            let nextWord = window.word(next)
            let nextHash = hash(nextWord)
            if window.matches(word, at: place, source) {
                table[nextHash] = next &+ origin
                return (Match(place, source), next)
            }
            // The place beyond the step is next to be searched, with the one behind it.
            let nextSource = table[nextHash] &- origin
            table[nextHash] = next &+ origin
            here = hash(nextWord &>> 8)
            if window.matches(nextWord, at: next, nextSource) {
                // Level 1 calls the place one later than it is.
                if !isDense { table[nextHash] = next &+ 1 &+ origin }
                return (Match(next, nextSource), next &+ 1)
            }
            place = next &+ 1
            word = nextWord &>> 8
        }
    }
}
