/// The copies that a place could be made of: each one nearer than the next one, and shorter.
@safe struct Matches: ~Copyable {
    /// Copies have 3 to 258 bytes, and each is longer than the one before.
    private static let most = 256

    private let entries: UnsafeMutablePointer<Match>
    private(set) var count = 0
    /// The place.
    private(set) var place = -1

    /// One of them.
    struct Match {
        var length = 0
        var distance = 0
        /// How many places were looked at before, and this one.
        var depth = 0
    }

    init() { unsafe entries = .allocate(capacity: Self.most) }

    deinit { unsafe entries.deallocate() }

    @inline(__always) subscript(index: Int) -> Match { unsafe entries[index] }

    /// The longest; of length 0 where there is none.
    var longest: Match { unsafe count == 0 ? Match() : entries[count - 1] }

    mutating func start(_ place: Int) {
        self.place = place
        count = 0
    }

    @inline(__always) mutating func append(_ match: Match) {
        unsafe entries[count] = match
        count &+= 1
    }
}

/// Finds earlier places with the same bytes, the last one first.
@safe struct MatchFinder: ~Copyable {
    private static let hashWidth: UInt32 = 16
    private static let mask = ContentWindow.history - 1

    private let settings: PredictionSettings
    private let limit: Int
    /// The last place with each hash, and the one before each place; modulo 2^32.
    private let heads: UnsafeMutablePointer<UInt32>
    private let links: UnsafeMutablePointer<UInt32>
    /// The last place with each hash of three bytes, where the others are of four.
    private let triples: UnsafeMutablePointer<UInt32>

    init(_ settings: PredictionSettings) {
        self.settings = settings
        limit = 1 << settings.depth
        let count = 1 << Int(Self.hashWidth)
        unsafe heads = .allocate(capacity: count)
        unsafe heads.initialize(repeating: 0, count: count)
        unsafe triples = .allocate(capacity: count)
        unsafe triples.initialize(repeating: 0, count: count)
        unsafe links = .allocate(capacity: ContentWindow.history)
        unsafe links.initialize(repeating: 0, count: ContentWindow.history)
    }

    deinit {
        unsafe heads.deallocate()
        unsafe links.deallocate()
        unsafe triples.deallocate()
    }

    /// Makes a place one that can be found; the places come in order.
    @inline(__always) mutating func insert(_ place: Int, _ window: borrowing ContentWindow) {
        // Four bytes are hashed, and only known ones: the same in both directions.
        guard settings.distance > 0, place &+ 4 <= window.end else { return }
        let word = window.word(at: place)
        let short = UInt32(truncatingIfNeeded: place)
        let hash = settings.hashesFour ? Self.hash(word) : Self.hash(word &<< 8)
        unsafe links[place & Self.mask] = heads[hash]
        unsafe heads[hash] = short
        if settings.hashesFour { unsafe triples[Self.hash(word &<< 8)] = short }
    }

    /// Makes the places of a copy, without its first, ones that can be found.
    mutating func insert(copyAt place: Int, length: Int, _ window: borrowing ContentWindow) {
        guard length <= settings.insertLimit else { return }
        for inner in place + 1..<place + length { insert(inner, window) }
    }

    /// Finds what a place could be a copy of.
    ///
    /// - Parameters:
    ///   - place: The place.
    ///   - start: Copies refer to nothing before.
    ///   - window: The content.
    ///   - matches: Becomes what is found.
    mutating func find(
        _ place: Int, from start: Int, _ window: borrowing ContentWindow, _ matches: inout Matches
    ) {
        matches.start(place)
        let most = min(258, window.end - place)
        let farthest = min(settings.distance, place - start)
        guard most >= 3, farthest > 0 else { return }
        let word = window.word(at: place)
        let short = UInt32(truncatingIfNeeded: place)
        var best = 2
        if settings.hashesFour {
            let distance = unsafe Int(short &- triples[Self.hash(word &<< 8)])
            if distance > 0, distance <= farthest, (window.word(at: place &- distance) ^ word) &<< 8 == 0 {
                best = window.common(place, place &- distance, limit: most)
                matches.append(Matches.Match(length: best, distance: distance, depth: 0))
            }
        }
        guard most >= 4 else { return }
        var head = unsafe heads[settings.hashesFour ? Self.hash(word) : Self.hash(word &<< 8)]
        var last = 0
        var depth = 0
        while depth < limit, best < most {
            let distance = Int(short &- head)
            guard distance > last, distance <= farthest else { return }
            last = distance
            depth &+= 1
            let candidate = place &- distance
            if window[candidate &+ best] == window[place &+ best] {
                let length = window.common(place, candidate, limit: most)
                if length > best {
                    best = length
                    matches.append(Matches.Match(length: length, distance: distance, depth: depth))
                }
            }
            head = unsafe links[candidate & Self.mask]
        }
    }

    @inline(__always) private static func hash(_ word: UInt32) -> Int {
        Int((word &* 0x9E37_79B1) &>> (32 &- hashWidth))
    }
}
