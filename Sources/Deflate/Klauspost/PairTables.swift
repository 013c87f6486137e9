/// The tables of levels 5 and 6: by 4 bytes the last place, by 7 bytes the last two.
@safe struct PairTables: ~Copyable {
    static let bits = 15

    let short = HashTable(bits: Self.bits)
    let long = HashPairTable(bits: Self.bits)

    @inline(__always)
    static func shortHash(_ word: UInt64) -> Int { Hash.four(word, bits: bits) }

    @inline(__always)
    static func longHash(_ word: UInt64) -> Int { Hash.seven(word, bits: bits) }

    @inline(__always)
    func storeShort(_ word: UInt64, _ place: Int) { short[Self.shortHash(word)] = place }

    @inline(__always)
    func storeLong(_ word: UInt64, _ place: Int) { long.push(place, at: Self.longHash(word)) }

    /// Stores the place of a word in both tables.
    @inline(__always)
    func store(_ word: UInt64, _ place: Int) {
        storeShort(word, place)
        storeLong(word, place)
    }

    func lower(by distance: Int) {
        short.lower(by: distance)
        long.lower(by: distance)
    }
}

extension Window {
    /// Whether a word's first four bytes are found at an earlier place that is in reach.
    @inline(__always)
    func matches(_ word: UInt64, at place: Int, _ source: Int) -> Bool {
        place &- source < History.reach && UInt32(truncatingIfNeeded: word) == half(source)
    }

    /// The length of a match of which four bytes are known, counted up to the longest that a token holds.
    @inline(__always)
    func shortLength(_ place: Int, _ source: Int, end: Int) -> Int {
        4 &+ common(place &+ 4, source &+ 4, most: min(254, end &- place &- 4))
    }

    /// The whole length of a match of which `known` bytes are known.
    @inline(__always)
    func fullLength(_ place: Int, _ source: Int, known: Int, end: Int) -> Int {
        known &+ common(place &+ known, source &+ known, most: end &- place &- known)
    }
}
