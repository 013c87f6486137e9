/// The window of levels 2 to 9, and the chains of positions whose next four bytes have the same hash.
///
/// Positions count from 1 and fit 16 bits: half the size of Go's tables, so that they stay in the second-level cache.
/// 0 ends a chain. Chains must be exactly Go's, collisions included, for a search counts the positions that it visits.
@safe struct ChainTable: ~Copyable {
    /// The position after the window's last byte.
    static let full = GoWindow.size + 1
    private static let headCount = 1 << 17
    private static let slots = GoWindow.half
    /// What is read beyond the end, at most, when eight bytes are compared at once.
    private static let slack = 16

    private let window: UnsafeMutablePointer<UInt8>
    /// For each hash, the last position that has it.
    private let heads: UnsafeMutablePointer<UInt16>
    /// For each position, modulo the slots, the one before it with its hash.
    private let previous: UnsafeMutablePointer<UInt16>

    /// The position after the last byte in the window.
    private(set) var end = 1

    init() {
        unsafe window = .allocate(capacity: Self.full + Self.slack)
        unsafe window.initialize(repeating: 0, count: Self.full + Self.slack)
        unsafe heads = .allocate(capacity: Self.headCount)
        unsafe heads.initialize(repeating: 0, count: Self.headCount)
        unsafe previous = .allocate(capacity: Self.slots)
        unsafe previous.initialize(repeating: 0, count: Self.slots)
    }

    deinit {
        unsafe window.deallocate()
        unsafe heads.deallocate()
        unsafe previous.deallocate()
    }

    var isFull: Bool { end == Self.full }

    /// Takes bytes until the window is full; says how many.
    mutating func fill(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = min(bytes.count, Self.full - end)
        guard count > 0, let start = bytes.baseAddress else { return 0 }
        unsafe UnsafeMutableRawPointer(window + end).copyMemory(from: start, byteCount: count)
        end += count
        return count
    }

    /// Drops the older half of the window.
    mutating func slide() {
        let newer = unsafe UnsafeRawPointer(window + 1 + GoWindow.half)
        unsafe UnsafeMutableRawPointer(window + 1).copyMemory(from: newer, byteCount: GoWindow.half)
        end -= GoWindow.half
        unsafe Self.lower(heads, count: Self.headCount)
        unsafe Self.lower(previous, count: Self.slots)
    }

    /// The bytes of the window from one position to before another.
    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: window + range.lowerBound, count: range.count)
    }

    @inline(__always) func byte(_ position: Int) -> UInt8 { unsafe window[position] }

    /// Puts the positions before `limit` into their chains.
    @inline(__always) func insert(from first: Int, before limit: Int) {
        var position = first
        // The last three have no four bytes to hash.
        let limit = min(limit, end &- 3)
        while position < limit {
            link(position, after: pushHead(position))
            position &+= 1
        }
    }

    /// Makes the position the last of its chain, which `link` must follow, and says which was the last.
    @inline(__always) func pushHead(_ position: Int) -> Int {
        let word = unsafe UInt32(bigEndian: load(position))
        let hash = Int(truncatingIfNeeded: (word &* 0x1E35_A7BD) &>> 15)
        let candidate = unsafe heads[hash]
        unsafe heads[hash] = UInt16(truncatingIfNeeded: position)
        return Int(candidate)
    }

    /// Puts a position in its chain after `pushHead`.
    ///
    /// Its slot may be that of the last position in reach, so a search comes before.
    @inline(__always) func link(_ position: Int, after candidate: Int) {
        unsafe previous[position & (Self.slots - 1)] = UInt16(truncatingIfNeeded: candidate)
    }

    /// Looks for the longest copy at a position; the nearest of several.
    ///
    /// - Parameters:
    ///   - position: has at least four bytes, and more than `floor`.
    ///   - candidate: the position before it in its chain, at least `oldest(for:)`.
    ///   - floor: only longer copies count; at least 3.
    ///   - level: says how long to look.
    /// - Returns: the length and distance, or a length of `floor` when there is none.
    @inline(__always)
    func search(_ position: Int, _ candidate: Int, floor: Int, _ level: GoLevel) -> (length: Int, distance: Int) {
        let oldest = oldest(for: position)
        let longest = min(258, end &- position)
        let nice = min(level.nice, longest)
        var tries = level.chain
        var candidate = candidate
        var best = (length: floor, distance: 0)
        // A copy of four bytes counts only within 4096 bytes: as if beyond that four were found already.
        var bound = max(oldest, position &- 4096)
        var needed = floor
        var tail = unsafe load(position &+ needed &- 3)
        while true {
            if candidate < bound {
                if candidate < oldest { break }
                bound = oldest
                if needed == 3 {
                    needed = 4
                    tail = unsafe load(position &+ 1)
                }
            }
            if unsafe load(candidate &+ needed &- 3) == tail {
                let length = common(candidate, position, longest)
                if length > needed {
                    best = (length, position &- candidate)
                    if length >= nice { break }
                    needed = length
                    tail = unsafe load(position &+ needed &- 3)
                }
            }
            tries &-= 1
            if tries == 0 { break }
            candidate = unsafe Int(previous[candidate & (Self.slots - 1)])
        }
        return best
    }

    /// The oldest position in reach of a copy at the position.
    @inline(__always) func oldest(for position: Int) -> Int { max(position &- GoWindow.half, 1) }

    /// How many bytes are the same at two positions, at most `limit`.
    @inline(__always) private func common(_ left: Int, _ right: Int, _ limit: Int) -> Int {
        var count = 0
        while count < limit {
            let difference = unsafe loadLong(left &+ count) ^ loadLong(right &+ count)
            if difference != 0 { return min(limit, count &+ difference.trailingZeroBitCount &>> 3) }
            count &+= 8
        }
        return limit
    }

    @unsafe @inline(__always) private func load(_ position: Int) -> UInt32 {
        unsafe UInt32(littleEndian: UnsafeRawPointer(window + position).loadUnaligned(as: UInt32.self))
    }

    @unsafe @inline(__always) private func loadLong(_ position: Int) -> UInt64 {
        unsafe UInt64(littleEndian: UnsafeRawPointer(window + position).loadUnaligned(as: UInt64.self))
    }

    /// Moves positions by half a window; those that fall out become 0.
    ///
    /// The loop is vectorised.
    private static func lower(_ table: UnsafeMutablePointer<UInt16>, count: Int) {
        let half = UInt16(GoWindow.half)
        for index in 0..<count { unsafe table[index] = unsafe max(table[index], half) &- half }
    }
}
