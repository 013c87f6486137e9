/// The fast search of level 1: one earlier position for each hash, and ever longer steps where nothing is found.
@safe struct SpeedMatcher: ~Copyable {
    /// An earlier position with its next four bytes, so that a look elsewhere is rarely needed.
    private struct Entry {
        var word: UInt32
        var position: UInt32
    }

    private static let hashWidth: UInt32 = 14
    private static let reach = 32768
    /// So many bytes before the end of a block no search begins.
    private static let margin = 15
    /// Positions are lowered when they come near to what an entry can hold.
    private static let highest = 1 << 31

    private let entries: UnsafeMutablePointer<Entry>
    /// What is in the window's first byte, as entries count; so high that an empty entry is out of reach.
    private var origin = 1 << 16

    init() {
        unsafe entries = .allocate(capacity: 1 << Self.hashWidth)
        unsafe entries.initialize(repeating: Entry(word: 0, position: 0), count: 1 << Self.hashWidth)
    }

    deinit { unsafe entries.deallocate() }

    /// Encodes a block that follows on bytes already seen.
    ///
    /// - Parameters:
    ///   - block: the block, with at least 32 KiB before it, or all that there is, and 8 readable bytes after it.
    ///   - count: the block's bytes; at least 17.
    ///   - tokens: has room for one token for each byte.
    /// - Returns: how many tokens there are.
    @unsafe mutating func encode(
        _ block: UnsafePointer<UInt8>, count: Int, into tokens: UnsafeMutablePointer<Token>
    ) -> Int {
        let base = startBlock(count)
        let limit = count - Self.margin
        var tokenCount = 0
        var emitted = 0
        var position = 0
        var word = unsafe Self.load(block)

        func literals(_ range: Range<Int>) {
            for index in range {
                unsafe tokens[tokenCount] = unsafe Token(literal: block[index])
                tokenCount &+= 1
            }
        }

        search: while true {
            // 32 bytes one by one, then 32 two by two, and so on.
            var step = 32
            var candidate = 0
            while true {
                let next = position &+ step &>> 5
                step &+= step &>> 5
                if next > limit { break search }
                let hash = Self.hash(word)
                let entry = unsafe entries[hash]
                unsafe entries[hash] = Entry(word: word, position: UInt32(truncatingIfNeeded: base &+ position))
                candidate = Int(entry.position) &- base
                if entry.word == word && position &- candidate <= Self.reach { break }
                position = next
                word = unsafe Self.load(block + next)
            }
            literals(emitted..<position)
            while true {
                let longest = min(258, count &- position)
                let length = unsafe Self.common(block + candidate, block + position, longest)
                unsafe tokens[tokenCount] = Token(length: length, distance: position &- candidate)
                tokenCount &+= 1
                position &+= length
                emitted = position
                if position >= limit { break search }
                // The last byte of the copy and the byte after it are found again; those between are not.
                let around = unsafe UInt64(
                    littleEndian: UnsafeRawPointer(block + (position &- 1)).loadUnaligned(as: UInt64.self))
                let before = UInt32(truncatingIfNeeded: around)
                unsafe entries[Self.hash(before)] = Entry(
                    word: before, position: UInt32(truncatingIfNeeded: base &+ position &- 1))
                let here = UInt32(truncatingIfNeeded: around &>> 8)
                let hash = Self.hash(here)
                let entry = unsafe entries[hash]
                unsafe entries[hash] = Entry(word: here, position: UInt32(truncatingIfNeeded: base &+ position))
                candidate = Int(entry.position) &- base
                if entry.word != here || position &- candidate > Self.reach {
                    word = UInt32(truncatingIfNeeded: around &>> 16)
                    position &+= 1
                    break
                }
            }
        }
        literals(emitted..<count)
        return tokenCount
    }

    /// Where the block starts, as entries count.
    private mutating func startBlock(_ count: Int) -> Int {
        if origin > Self.highest {
            let lowered = UInt32(origin - 1 << 16)
            for index in 0..<(1 << Self.hashWidth) {
                let position = unsafe entries[index].position
                unsafe entries[index].position = max(position, lowered) - lowered
            }
            origin = 1 << 16
        }
        defer { origin += count }
        return origin
    }

    @inline(__always) private static func hash(_ word: UInt32) -> Int {
        Int(truncatingIfNeeded: (word &* 0x1E35_A7BD) &>> (32 &- hashWidth))
    }

    @unsafe @inline(__always) private static func load(_ pointer: UnsafePointer<UInt8>) -> UInt32 {
        unsafe UInt32(littleEndian: UnsafeRawPointer(pointer).loadUnaligned(as: UInt32.self))
    }

    @unsafe @inline(__always) private static func common(
        _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ limit: Int
    ) -> Int {
        var count = 0
        while count < limit {
            let leftWord = unsafe UnsafeRawPointer(left + count).loadUnaligned(as: UInt64.self)
            let rightWord = unsafe UnsafeRawPointer(right + count).loadUnaligned(as: UInt64.self)
            let difference = UInt64(littleEndian: leftWord ^ rightWord)
            if difference != 0 { return min(limit, count &+ difference.trailingZeroBitCount &>> 3) }
            count &+= 8
        }
        return limit
    }
}
