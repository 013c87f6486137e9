/// Cuts blocks into tokens; one for each of the levels 1 to 6.
protocol BlockMatcher: AnyObject {
    /// Appends the tokens of a block, or none when nothing in it matches.
    ///
    /// - Parameters:
    ///   - window: the history and the block.
    ///   - range: where the block is; it has at least `SearchRange.shortest` bytes.
    ///   - tokens: is empty.
    func match(_ window: Window, _ range: SearchRange, into tokens: inout TokenBlock)

    /// Lowers what the tables say.
    func lower(by distance: Int)
}

/// Where a block is searched.
struct SearchRange {
    /// The fewest bytes that are searched.
    static let shortest = 13
    /// A search stops this far from the block's end, so that it may read whole words.
    private static let margin = 11

    /// Where the block starts in the window.
    let start: Int
    /// Where the block, and the window, ends.
    let end: Int
    /// What the tables call the window's first byte.
    let origin: Int

    /// The first place that is too near to the end.
    var limit: Int { end - Self.margin }
}

extension BlockMatcher {
    /// Appends what is left of a block at the end of its search.
    func finish(_ window: Window, _ range: SearchRange, from place: Int, into tokens: inout TokenBlock) {
        if tokens.count > 0 && place < range.end { unsafe tokens.append(window.pointer(place), range.end - place) }
    }
}

/// A match: where it starts, where the same bytes are earlier, and how many.
struct Match {
    var place: Int
    var source: Int
    var length: Int

    @inline(__always)
    init(_ place: Int, _ source: Int, length: Int = 0) {
        self.place = place
        self.source = source
        self.length = length
    }

    /// Takes in the equal bytes before it, down to `first`.
    @inline(__always)
    mutating func extendBack(_ window: Window, to first: Int) {
        while source > 0 && place > first && window[source &- 1] == window[place &- 1] {
            source &-= 1
            place &-= 1
            length &+= 1
        }
    }

    /// Appends the literals from `first` to the match, and the match.
    @inline(__always)
    func append(_ window: Window, from first: Int, to tokens: inout TokenBlock) {
        if first < place { unsafe tokens.append(window.pointer(first), place &- first) }
        tokens.append(length: length, distance: place &- source)
    }
}
