/// Turns bytes into the tokens of blocks as GNU gzip does.
@safe struct GNUMatcher: ~Copyable {
    /// A copy of three bytes from farther away is no gain.
    private static let farthestOfThree = 4096

    private let level: GNULevel
    private var window = GNUWindow()
    var block: GNUBlock
    /// The next position of the window to be searched.
    private var position = 0
    /// Whether the byte before the position has no token yet; only in lazy levels.
    private var isWaiting = false
    /// The copy at the position before, if it has at least three bytes.
    private var pending = (length: 2, distance: 0)
    private var isClosed = false

    init(_ level: GNULevel) {
        self.level = level
        block = GNUBlock(endsEarly: level.endsBlocksEarly)
    }

    /// The bytes that the block's tokens stand for, if they are all in the window.
    var blockBytes: UnsafeRawBufferPointer? {
        guard block.start >= 0 else { return nil }
        return unsafe window.bytes(block.start..<position - (isWaiting ? 1 : 0))
    }

    /// Takes bytes until the window is full; says how many.
    mutating func fill(_ input: UnsafeRawBufferPointer) -> Int { unsafe window.fill(input) }

    /// Makes tokens of what is in the window, and says whether a block is full; if not, the window needs more bytes.
    mutating func run() -> Bool {
        let limit = isClosed ? window.end : window.end - GNUWindow.lookahead + 1
        return level.isLazy ? runLazily(before: limit) : runGreedily(before: limit)
    }

    /// Makes room in the window, if everything in it was searched.
    mutating func makeRoom() {
        guard position >= GNUWindow.lastSearched else { return }
        window.slide()
        position -= GNUWindow.half
        block.start -= GNUWindow.half
    }

    /// Says that no bytes follow; `run` then makes tokens of all the rest.
    mutating func close() {
        makeRoom()
        window.close()
        isClosed = true
    }

    /// Makes a token of the last byte, if it waits.
    mutating func finish() {
        if isWaiting { _ = block.append(window.byte(position - 1), at: position) }
        isWaiting = false
    }

    /// Starts the next block.
    mutating func startBlock() { block.clear(at: position - (isWaiting ? 1 : 0)) }

    /// Takes a copy only when the next position has no longer one.
    private mutating func runLazily(before limit: Int) -> Bool {
        let end = window.end
        var position = position
        var pending = pending
        var isWaiting = isWaiting
        var isFull = false
        while position < limit && !isFull {
            var found = (length: 2, distance: 0)
            let chain = window.insert(position)
            if pending.length < level.lazy, canSearch(position, chain) {
                found = window.search(position, chain, floor: pending.length, level)
                found.length = min(found.length, end &- position)
                if found.length == 3, found.distance > Self.farthestOfThree { found.length = 2 }
            }
            if pending.length >= 3, found.length <= pending.length {
                isFull = block.append(length: pending.length, distance: pending.distance, at: position)
                let next = position &- 1 &+ pending.length
                window.insert(from: position &+ 1, before: next)
                position = next
                pending.length = 2
                isWaiting = false
            } else {
                if isWaiting { isFull = block.append(window.byte(position &- 1), at: position) }
                isWaiting = true
                pending = found
                position &+= 1
            }
        }
        self.position = position
        self.pending = pending
        self.isWaiting = isWaiting
        return isFull
    }

    /// Takes every copy at once.
    private mutating func runGreedily(before limit: Int) -> Bool {
        let end = window.end
        var position = position
        var isFull = false
        while position < limit && !isFull {
            var found = (length: 2, distance: 0)
            let chain = window.insert(position)
            if canSearch(position, chain) {
                found = window.search(position, chain, floor: 2, level)
                found.length = min(found.length, end &- position)
            }
            if found.length >= 3 {
                isFull = block.append(length: found.length, distance: found.distance, at: position)
                let next = position &+ found.length
                if found.length <= level.lazy { window.insert(from: position &+ 1, before: next) }
                position = next
            } else {
                isFull = block.append(window.byte(position), at: position)
                position &+= 1
            }
        }
        self.position = position
        return isFull
    }

    @inline(__always) private func canSearch(_ position: Int, _ chain: UInt64) -> Bool {
        let head = Int(chain & 0xFFFF)
        return head != 0 && position &- head <= GNUWindow.reach && position <= GNUWindow.lastSearched
    }
}
