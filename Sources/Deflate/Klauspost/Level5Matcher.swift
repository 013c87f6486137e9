/// Level 5: takes the longer of two matches of 7 bytes, else one of 4 or a better one at the next place.
@safe final class Level5Matcher: BlockMatcher {
    private let tables = PairTables()

    func lower(by distance: Int) { tables.lower(by: distance) }

    func match(_ window: Window, _ range: SearchRange, into tokens: inout TokenBlock) {
        var first = range.start
        var place = first
        while let found = tables.search(window, range, from: first, place, isThorough: false, distance: 0) {
            var match = improved(tables.whole(found.match, window, range), window, range)
            match.extendBack(window, to: first)
            match.append(window, from: first, to: &tokens)
            first = match.place &+ match.length
            // Places that are stored already are not searched again, though they may lie behind the match's end.
            place = max(first, found.last &+ 1)
            if place >= range.limit { break }
            store(window, range, from: place &- match.length &+ 1, to: place &- 1)
        }
        finish(window, range, from: first, into: &tokens)
    }

    /// The match, or a longer one that the bytes behind its end lead to.
    @inline(__always)
    private func improved(_ found: Match, _ window: Window, _ range: SearchRange) -> Match {
        var match = found
        let behind = match.place &+ match.length
        guard match.length < 30 && behind < range.limit else { return match }
        let latest = tables.long[PairTables.longHash(window.word(behind))].latest
        let source = latest &- range.origin &- match.length &+ 2
        PairTables.prefer(&match, at: match.place &+ 2, source, window, range)
        return match
    }

    /// Stores some places inside the match, and the one before the next search.
    @inline(__always)
    private func store(_ window: Window, _ range: SearchRange, from start: Int, to last: Int) {
        let origin = range.origin
        var place = start
        if place < last {
            let word = window.word(place)
            tables.store(word, place &+ origin)
            tables.storeLong(word &>> 8, place &+ origin &+ 1)
            tables.storeShort(word &>> 16, place &+ origin &+ 2)
            place &+= 4
            while place < last {
                let word = window.word(place)
                tables.storeLong(word, place &+ origin)
                tables.storeShort(word &>> 8, place &+ origin &+ 1)
                place &+= 3
            }
        }
        tables.store(window.word(last), last &+ origin)
    }
}
