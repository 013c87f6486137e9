/// The last place at which each hash was seen; for the two latest places see `HashPairTable`.
///
/// A place counts from the stream's start, not the buffer's; 0 is out of every match's reach.
@safe struct HashTable: ~Copyable {
    private let places: UnsafeMutablePointer<UInt32>
    private let count: Int

    init(bits: Int) {
        count = 1 << bits
        unsafe places = .allocate(capacity: count)
        unsafe places.initialize(repeating: 0, count: count)
    }

    deinit { unsafe places.deallocate() }

    @inline(__always)
    subscript(hash: Int) -> Int {
        get { unsafe Int(places[hash]) }
        nonmutating set { unsafe places[hash] = UInt32(truncatingIfNeeded: newValue) }
    }

    /// Moves every place down; what would come below 0 is out of reach anyway.
    func lower(by distance: Int) {
        for hash in 0..<count { self[hash] = max(0, self[hash] - distance) }
    }
}

/// The two latest places at which each hash was stored.
@safe struct HashPairTable: ~Copyable {
    /// The latest place in the lower half, the one stored before it in the upper.
    private let pairs: UnsafeMutablePointer<UInt64>
    private let count: Int

    init(bits: Int) {
        count = 1 << bits
        unsafe pairs = .allocate(capacity: count)
        unsafe pairs.initialize(repeating: 0, count: count)
    }

    deinit { unsafe pairs.deallocate() }

    @inline(__always)
    subscript(hash: Int) -> Pair { unsafe Pair(value: pairs[hash]) }

    /// Stores a place as the latest.
    @inline(__always)
    func push(_ place: Int, at hash: Int) {
        unsafe pairs[hash] = pairs[hash] &<< 32 | UInt64(truncatingIfNeeded: place)
    }

    /// Moves every place down.
    func lower(by distance: Int) {
        for hash in 0..<count {
            let pair = self[hash]
            unsafe pairs[hash] = UInt64(max(0, pair.previous - distance)) << 32 | UInt64(max(0, pair.latest - distance))
        }
    }

    /// The two places of one hash.
    struct Pair {
        let value: UInt64

        @inline(__always)
        var latest: Int { Int(value & 0xFFFF_FFFF) }
        @inline(__always)
        var previous: Int { Int(value &>> 32) }
    }
}

/// Hashes of the first bytes of a word: a product's highest bits, with one prime for each count of bytes.
enum Hash {
    @inline(__always)
    static func four(_ word: UInt64, bits: Int) -> Int {
        Int((UInt32(truncatingIfNeeded: word) &* 2_654_435_761) &>> UInt32(32 &- bits))
    }

    @inline(__always)
    static func five(_ word: UInt64, bits: Int) -> Int {
        Int(((word &<< 24) &* 889_523_592_379) &>> UInt64(64 &- bits))
    }

    @inline(__always)
    static func seven(_ word: UInt64, bits: Int) -> Int {
        Int(((word &<< 8) &* 58_295_818_150_454_627) &>> UInt64(64 &- bits))
    }
}
