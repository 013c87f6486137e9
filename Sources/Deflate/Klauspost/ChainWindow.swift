/// The last 32 KiB or more of a stream with what waits to be searched, and the chains of places with the same four bytes.
@safe struct ChainWindow: ~Copyable {
    static let size = 32_768
    /// A search waits for more bytes when fewer than this are left.
    static let leastAhead = 4 + 258
    /// From here on the tables are moved down, long before their numbers overflow: often enough to be tested, and seldom
    /// enough to cost nothing.
    private static let lastOrigin = 1 << 22

    private let bytes: UnsafeMutablePointer<UInt8>
    private let heads = HashTable(bits: 17)
    private let links = HashTable(bits: 15)
    /// What the tables call the window's first byte; their 0 is before it.
    private(set) var origin = 1
    /// The next byte to be searched.
    var place = 0
    /// Where the bytes end.
    private(set) var end = 0
    /// Where the bytes start that the tokens of the block stand for; nil when that is no longer in the window.
    var blockStart: Int? = 0
    /// The latest place, as the tables call it, that had the four bytes of the place that was stored last.
    private(set) var head = -1

    init() {
        unsafe bytes = .allocate(capacity: 2 * Self.size + 8)
        unsafe bytes.initialize(repeating: 0, count: 2 * Self.size + 8)
    }

    deinit { unsafe bytes.deallocate() }

    var view: Window { unsafe Window(bytes) }

    /// How many bytes are not yet searched.
    var ahead: Int { end - place }

    /// The farthest place back that a match may refer to.
    var first: Int { max(place - Self.size, 0) }

    /// Places from here on are not stored: they have less than four bytes.
    var storeEnd: Int { end - 3 }

    /// The bytes of the block, if they are all there.
    var block: UnsafeRawBufferPointer? {
        guard let blockStart, blockStart <= place else { return nil }
        return unsafe UnsafeRawBufferPointer(start: bytes + blockStart, count: place - blockStart)
    }

    /// Takes as much as there is room for, and says how much that is.
    mutating func fill(_ input: UnsafeRawBufferPointer) -> Int {
        if place >= 2 * Self.size - Self.leastAhead { slide() }
        let size = min(input.count, 2 * Self.size - end)
        if let source = input.baseAddress {
            unsafe UnsafeMutableRawPointer(bytes + end).copyMemory(from: source, byteCount: size)
        }
        end += size
        return size
    }

    private mutating func slide() {
        unsafe UnsafeMutableRawPointer(bytes).copyMemory(from: bytes + Self.size, byteCount: Self.size)
        place -= Self.size
        end -= Self.size
        blockStart = blockStart.flatMap { $0 >= Self.size ? $0 - Self.size : nil }
        origin += Self.size
        guard origin > Self.lastOrigin else { return }
        heads.lower(by: origin - 1)
        links.lower(by: origin - 1)
        head -= origin - 1
        origin = 1
    }

    /// Stores the current place, and makes its predecessor the head of the chain to follow.
    @inline(__always)
    mutating func storePlace() {
        guard place < storeEnd else { return }
        let hash = Hash.four(view.word(place), bits: 17)
        head = heads[hash]
        links[place & (Self.size &- 1)] = head
        heads[hash] = place &+ origin
    }

    /// Stores places, but keeps the head.
    @inline(__always)
    mutating func store(from start: Int, to last: Int) {
        var place = start
        while place < min(last, storeEnd) {
            let hash = Hash.four(view.word(place), bits: 17)
            links[place & (Self.size &- 1)] = heads[hash]
            heads[hash] = place &+ origin
            place &+= 1
        }
    }

    /// The latest place with the four bytes of another; negative when there is none.
    @inline(__always)
    func latest(at place: Int) -> Int { heads[Hash.four(view.word(place), bits: 17)] &- origin }

    /// The place before one in its chain; negative when there is none.
    @inline(__always)
    func link(_ place: Int) -> Int { links[place & (Self.size &- 1)] &- origin }
}
