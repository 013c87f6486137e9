/// The bytes that matches of levels 1 to 6 may refer to, with the block that is being collected behind them.
///
/// Where the buffer starts shows in the output, since no match is extended backwards beyond it: it starts 32 KiB before
/// a block when five blocks would not fit, else where it did.
@safe struct History: ~Copyable {
    /// The most bytes of a block.
    static let blockSize = 65_535
    /// The farthest that a match may reach back, and what is kept when the buffer is full.
    static let reach = 32_768
    /// The place of a first block in the counting of the tables, so that their zeros are out of reach.
    private static let firstOrigin = 65_535
    /// From here on the tables are moved down, long before their numbers overflow: often enough to be tested, and seldom
    /// enough to cost nothing.
    private static let lastOrigin = 1 << 22
    private static let capacity = 5 * blockSize

    private let bytes: UnsafeMutablePointer<UInt8>
    /// Where the block that is being collected starts.
    private(set) var start = 0
    /// Where it ends.
    private(set) var end = 0
    /// What the tables call the first byte of the buffer.
    private(set) var origin = Self.firstOrigin

    init() {
        // One more block is collected before it is known whether the buffer moves; searches read 8 bytes at a time.
        let size = Self.capacity + Self.blockSize + 8
        unsafe bytes = .allocate(capacity: size)
        unsafe bytes.initialize(repeating: 0, count: size)
    }

    deinit { unsafe bytes.deallocate() }

    /// How many bytes the block has.
    var count: Int { end - start }

    /// The block's bytes.
    var block: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: bytes + start, count: count) }

    /// The bytes as the search sees them.
    var window: Window { unsafe Window(bytes) }

    /// Takes as much as the block has room for, and says how much that is.
    mutating func fill(_ input: UnsafeRawBufferPointer) -> Int {
        let size = min(input.count, Self.blockSize - count)
        if size > 0, let source = input.baseAddress {
            unsafe UnsafeMutableRawPointer(bytes + end).copyMemory(from: source, byteCount: size)
            end += size
        }
        return size
    }

    /// Makes the block one that may be searched; true when the tables must be moved down by `lowered`.
    mutating func open() -> Bool {
        if end > Self.capacity {
            let moved = start - Self.reach
            unsafe UnsafeMutableRawPointer(bytes).copyMemory(from: bytes + moved, byteCount: end - moved)
            origin += moved
            start -= moved
            end -= moved
        }
        return origin > Self.lastOrigin
    }

    /// Moves the counting down; what the tables say must be lowered by the result.
    mutating func lower() -> Int {
        let distance = origin - Self.firstOrigin
        origin = Self.firstOrigin
        return distance
    }

    /// Makes the block part of what later blocks refer to.
    mutating func close() { start = end }

    /// Forgets all; what the tables say is out of reach.
    mutating func clear() {
        origin += end + Self.reach
        start = 0
        end = 0
    }
}

/// Bytes that are read without a check: the search keeps its places between the history's start and end.
@safe struct Window {
    private let bytes: UnsafePointer<UInt8>

    @unsafe init(_ bytes: UnsafePointer<UInt8>) { unsafe self.bytes = unsafe bytes }

    @inline(__always)
    subscript(place: Int) -> UInt8 { unsafe bytes[place] }

    /// Eight bytes, the first lowest.
    @inline(__always)
    func word(_ place: Int) -> UInt64 {
        UInt64(littleEndian: unsafe UnsafeRawPointer(bytes + place).loadUnaligned(as: UInt64.self))
    }

    /// Four bytes, the first lowest.
    @inline(__always)
    func half(_ place: Int) -> UInt32 {
        UInt32(littleEndian: unsafe UnsafeRawPointer(bytes + place).loadUnaligned(as: UInt32.self))
    }

    @inline(__always)
    func pointer(_ place: Int) -> UnsafePointer<UInt8> { unsafe bytes + place }

    /// How many bytes are the same at two places; the later place is `place`, at which at most `most` are looked at.
    @inline(__always)
    func common(_ place: Int, _ other: Int, most: Int) -> Int {
        var length = 0
        while length < most {
            let difference = word(place &+ length) ^ word(other &+ length)
            if difference != 0 { return min(length &+ difference.trailingZeroBitCount &>> 3, most) }
            length &+= 8
        }
        return max(most, 0)
    }
}
