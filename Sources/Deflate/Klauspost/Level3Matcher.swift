/// Level 3: one table by 5 bytes with the last two places of each, and often several matches in a row.
@safe final class Level3Matcher: BlockMatcher {
    private static let bits = 16
    /// Matches start nearer than the farthest possible by the four bytes that are compared first.
    private static let reach = History.reach - 4

    private let table = HashPairTable(bits: Level3Matcher.bits)

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
                    // The place behind the earlier copy of the match becomes the latest again.
                    let behind = match.source &+ match.length
                    if behind &+ 8 < range.end { table.push(behind &+ origin, at: hash(window.word(behind))) }
                    return finish(window, range, from: first, into: &tokens)
                }
                var inside = place &- match.length &+ 2
                while inside < place &- 5 {
                    table.push(inside &+ origin, at: hash(window.word(inside)))
                    inside &+= 6
                }
                let word = window.word(place &- 2)
                table.push(place &- 2 &+ origin, at: hash(word))
                table.push(place &- 1 &+ origin, at: hash(word &>> 8))
                let here = hash(word &>> 16)
                let pair = table[here]
                table.push(place &+ origin, at: here)
                guard let source = following(word &>> 16, place, pair, window, origin) else {
                    place &+= 1
                    break
                }
                match = Match(place, source)
            }
        }
        finish(window, range, from: first, into: &tokens)
    }

    @inline(__always)
    private func hash(_ word: UInt64) -> Int { Hash.five(word, bits: Self.bits) }

    /// The latest place with the same four bytes, right behind a match.
    @inline(__always)
    private func following(
        _ word: UInt64, _ place: Int, _ pair: HashPairTable.Pair, _ window: Window, _ origin: Int
    ) -> Int? {
        let bytes = UInt32(truncatingIfNeeded: word)
        let latest = pair.latest &- origin
        guard place &- latest < Self.reach else { return nil }
        if bytes == window.half(latest) { return latest }
        let previous = pair.previous &- origin
        return place &- previous < Self.reach && bytes == window.half(previous) ? previous : nil
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
            let next = place &+ 1 &+ (place &- first) &>> 7
            if next > range.limit { return nil }
            let here = hash(word)
            let pair = table[here]
            table.push(place &+ origin, at: here)
            let bytes = UInt32(truncatingIfNeeded: word)
            let latest = pair.latest &- origin
            let previous = pair.previous &- origin
            if place &- latest <= Self.reach {
                if bytes == window.half(latest) {
                    guard place &- previous <= Self.reach && bytes == window.half(previous) else {
                        return (Match(place, latest), next)
                    }
                    let length = window.fullLength(place, latest, known: 4, end: range.end)
                    let other = window.fullLength(place, previous, known: 4, end: range.end)
                    return (Match(place, other > length ? previous : latest), next)
                }
                if place &- previous < Self.reach && bytes == window.half(previous) {
                    return (Match(place, previous), next)
                }
            }
            place = next
            word = window.word(next)
        }
    }
}
