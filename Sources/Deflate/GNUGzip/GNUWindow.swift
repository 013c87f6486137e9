/// The bytes that copies may refer to, with those that follow, and the chains of positions with the same three bytes.
///
/// The window holds 64 KiB and slides by half. What the output depends on: where it slides, that position 0 is never
/// copied from, and what is behind the last byte of the stream, for a search there compares 258 bytes all the same and
/// prefers what is longest with them.
@safe struct GNUWindow: ~Copyable {
    static let size = 65_536
    static let half = size / 2
    /// The longest copy with three bytes and the one behind: how much is there whenever a position is searched.
    static let lookahead = 258 + 3 + 1
    /// The longest distance of a copy.
    static let reach = half - lookahead
    /// Positions behind this one are not searched.
    static let lastSearched = size - lookahead
    private static let hashMask: UInt32 = 0x7FFF
    /// What is read behind the window, at most, when eight bytes are compared at once.
    private static let slack = 16

    private let bytes: UnsafeMutablePointer<UInt8>
    /// For each hash, the last position that has it; 0 for none.
    private let heads: UnsafeMutablePointer<UInt16>
    /// For each position, modulo half a window, the four before it with its hash, the last lowest.
    ///
    /// One would do, but then a search would wait for each of them.
    private let links: UnsafeMutablePointer<UInt64>
    /// The position behind the last byte.
    private(set) var end = 0

    init() {
        unsafe bytes = .allocate(capacity: Self.size + Self.slack)
        unsafe bytes.initialize(repeating: 0, count: Self.size + Self.slack)
        unsafe heads = .allocate(capacity: Self.half)
        unsafe heads.initialize(repeating: 0, count: Self.half)
        unsafe links = .allocate(capacity: Self.half)
        unsafe links.initialize(repeating: 0, count: Self.half)
    }

    deinit {
        unsafe bytes.deallocate()
        unsafe heads.deallocate()
        unsafe links.deallocate()
    }

    /// Takes bytes until the window is full; says how many.
    mutating func fill(_ input: UnsafeRawBufferPointer) -> Int {
        let count = min(input.count, Self.size - end)
        guard count > 0, let start = input.baseAddress else { return 0 }
        unsafe UnsafeMutableRawPointer(bytes + end).copyMemory(from: start, byteCount: count)
        end += count
        return count
    }

    /// Drops the older half; the newer stays where it was, too, until it is overwritten.
    mutating func slide() {
        unsafe UnsafeMutableRawPointer(bytes).copyMemory(from: bytes + Self.half, byteCount: Self.half)
        end -= Self.half
        unsafe Self.lower(heads, count: Self.half)
        unsafe links.withMemoryRebound(to: UInt16.self, capacity: 4 * Self.half) {
            unsafe Self.lower($0, count: 4 * Self.half)
        }
    }

    /// Puts zeros behind the last byte, where the last two hashes reach.
    mutating func close() {
        unsafe bytes[end] = 0
        unsafe bytes[end + 1] = 0
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: bytes + range.lowerBound, count: range.count)
    }

    @inline(__always) func byte(_ position: Int) -> UInt8 { unsafe bytes[position] }

    /// Makes the position the last of its chain, and says which were the last four: the last one lowest, 0 for none.
    @inline(__always) func insert(_ position: Int) -> UInt64 {
        let word = unsafe load(position)
        let hash = word &<< 10 ^ (word &>> 3 & 0x1FE0) ^ (word &>> 16 & 0xFF)
        return link(position, hash: hash & Self.hashMask)
    }

    /// Puts the positions before `limit` into their chains.
    @inline(__always) func insert(from first: Int, before limit: Int) {
        var hash = unsafe UInt32(bytes[first]) &<< 5 ^ UInt32(bytes[first &+ 1])
        var position = first
        while position < limit {
            hash = unsafe (hash &<< 5 ^ UInt32(bytes[position &+ 2])) & Self.hashMask
            _ = link(position, hash: hash)
            position &+= 1
        }
    }

    /// Looks for the longest copy at a position; the nearest of several.
    ///
    /// - Parameters:
    ///   - position: at most `lastSearched`.
    ///   - chain: what `insert` said; its last position is at most `reach` away, and not 0.
    ///   - floor: only longer copies count; at least 2.
    ///   - level: says how long to look.
    /// - Returns: the length, which may go beyond `end`, and the distance; or the length `floor` when there is none.
    @inline(__always)
    func search(_ position: Int, _ chain: UInt64, floor: Int, _ level: GNULevel) -> (length: Int, distance: Int) {
        // The first of the chain may be as far away as the reach, the others are nearer.
        let oldest = min(max(position &- Self.reach, 0), Int(chain & 0xFFFF) &- 1)
        var tries = floor >= level.good ? level.chain &>> 2 : level.chain
        var best = (length: floor, distance: 0)
        // A longer copy has the same four bytes up to its next one; three where only two are known.
        var tail = unsafe load(position &+ floor &- 3)
        var mask: UInt32 = floor < 3 ? ~0xFF : ~0
        var four = chain
        while true {
            let next = unsafe links[Int(four &>> 48) & (Self.half &- 1)]
            for _ in 0..<4 {
                let candidate = Int(four & 0xFFFF)
                if candidate <= oldest || tries == 0 { return best }
                if unsafe (load(candidate &+ best.length &- 3) ^ tail) & mask == 0 {
                    let length = common(candidate, position)
                    if length > best.length {
                        best = (length, position &- candidate)
                        if length >= level.nice { return best }
                        tail = unsafe load(position &+ length &- 3)
                        mask = ~0
                    }
                }
                four &>>= 16
                tries &-= 1
            }
            four = next
        }
    }

    @inline(__always) private func link(_ position: Int, hash: UInt32) -> UInt64 {
        let head = unsafe heads[Int(hash)]
        let chain = unsafe links[Int(head) & (Self.half &- 1)] &<< 16 | UInt64(head)
        unsafe links[position & (Self.half &- 1)] = chain
        unsafe heads[Int(hash)] = UInt16(truncatingIfNeeded: position)
        return chain
    }

    /// How many bytes are the same at two positions, at most 258.
    @inline(__always) private func common(_ left: Int, _ right: Int) -> Int {
        var count = 0
        while count < 258 {
            let difference = unsafe loadLong(left &+ count) ^ loadLong(right &+ count)
            if difference != 0 { return min(258, count &+ difference.trailingZeroBitCount &>> 3) }
            count &+= 8
        }
        return 258
    }

    @unsafe @inline(__always) private func load(_ position: Int) -> UInt32 {
        unsafe UInt32(littleEndian: UnsafeRawPointer(bytes + position).loadUnaligned(as: UInt32.self))
    }

    @unsafe @inline(__always) private func loadLong(_ position: Int) -> UInt64 {
        unsafe UInt64(littleEndian: UnsafeRawPointer(bytes + position).loadUnaligned(as: UInt64.self))
    }

    /// Moves positions by half a window; those that fall out become 0.
    private static func lower(_ table: UnsafeMutablePointer<UInt16>, count: Int) {
        let half = UInt16(Self.half)
        for index in 0..<count { unsafe table[index] = unsafe max(table[index], half) &- half }
    }
}
