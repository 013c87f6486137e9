/// Level 6: as level 5, with a look at the last match's distance, more places stored and two ends tried.
@safe final class Level6Matcher: BlockMatcher {
    private let tables = PairTables()

    func lower(by distance: Int) { tables.lower(by: distance) }

    func match(_ window: Window, _ range: SearchRange, into tokens: inout TokenBlock) {
        var first = range.start
        var place = first
        var distance = 1
        while let found = tables.search(window, range, from: first, place, isThorough: true, distance: distance) {
            var match = improved(tables.whole(found.match, window, range), window, range)
            match.extendBack(window, to: first)
            match.append(window, from: first, to: &tokens)
            distance = match.place &- match.source
            first = match.place &+ match.length
            // Places that are stored already are not searched again, though they may lie behind the match's end.
            place = max(first, found.last &+ 1)
            if place >= range.limit {
                storeRest(window, range, from: found.last &+ 1)
                break
            }
            store(window, range, from: found.last &+ 1, to: place &- 1)
        }
        finish(window, range, from: first, into: &tokens)
    }

    /// The match, or a longer one that the bytes behind its end lead to.
    @inline(__always)
    private func improved(_ found: Match, _ window: Window, _ range: SearchRange) -> Match {
        var match = found
        let behind = match.place &+ match.length
        guard behind < range.limit else { return match }
        let pair = tables.long[PairTables.longHash(window.word(behind))]
        let place = match.place &+ 2
        let latest = pair.latest &- range.origin &- match.length &+ 2
        guard place &- latest < History.reach else { return match }
        PairTables.prefer(&match, at: place, latest, window, range)
        // Counts back from the end of what was found now.
        PairTables.prefer(&match, at: place, pair.previous &- range.origin &- match.length &+ 2, window, range)
        return match
    }

    /// Stores places inside the match: every one by 7 bytes, every second by 4.
    @inline(__always)
    private func store(_ window: Window, _ range: SearchRange, from start: Int, to last: Int) {
        var place = start
        while place < last {
            let word = window.word(place)
            tables.store(word, place &+ range.origin)
            tables.storeLong(word &>> 8, place &+ range.origin &+ 1)
            place &+= 2
        }
    }

    /// Stores every second place up to the block's end.
    private func storeRest(_ window: Window, _ range: SearchRange, from start: Int) {
        var place = start
        while place < range.end - 8 {
            tables.store(window.word(place), place + range.origin)
            place += 2
        }
    }
}
