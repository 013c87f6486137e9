/// The content around the place that is coded: 32 KiB before it, which copies may refer to, and what follows.
///
/// Positions count from the content's start.
@safe struct ContentWindow: ~Copyable {
    static let history = 32 << 10
    /// So much must follow a place before it is coded, if the content does not end: two of the longest copies, and what
    /// is hashed at their end.
    static let lookahead = 1 << 10
    private static let capacity = 512 << 10
    /// What may be read behind the end, eight bytes at a time.
    private static let slack = 16

    private let memory: UnsafeMutablePointer<UInt8>
    /// Where the memory starts in the content.
    private var origin = 0
    /// Where the content that is known ends.
    private(set) var end = 0
    /// Where the next token starts.
    var position = 0
    /// Whether nothing follows the end.
    var isComplete = false

    init() {
        unsafe memory = .allocate(capacity: Self.capacity + Self.slack)
        unsafe memory.initialize(repeating: 0, count: Self.capacity + Self.slack)
    }

    deinit { unsafe memory.deallocate() }

    /// Whether the next place can be coded.
    var isReady: Bool { isComplete || end - position >= Self.lookahead }

    /// Takes as much of the bytes as there is room for, and says how much.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        if end - origin == Self.capacity { slide() }
        let count = min(bytes.count, Self.capacity - (end - origin))
        guard count > 0 else { return 0 }
        let target = unsafe UnsafeMutableRawBufferPointer(start: memory + (end - origin), count: count)
        unsafe target.copyBytes(from: bytes.prefix(count))
        end += count
        return count
    }

    private mutating func slide() {
        let first = max(origin, position - Self.history)
        unsafe memory.update(from: memory + (first - origin), count: end - first)
        origin = first
    }

    @inline(__always) subscript(place: Int) -> UInt8 { unsafe memory[place &- origin] }

    /// Four bytes at a place, the first one lowest.
    @inline(__always) func word(at place: Int) -> UInt32 {
        unsafe UInt32(
            littleEndian: UnsafeRawPointer(memory + (place &- origin)).loadUnaligned(as: UInt32.self))
    }

    /// How many bytes at two places are the same, of at most `limit`.
    @inline(__always) func common(_ left: Int, _ right: Int, limit: Int) -> Int {
        let first = unsafe UnsafeRawPointer(memory + (left &- origin))
        let second = unsafe UnsafeRawPointer(memory + (right &- origin))
        var count = 0
        while count < limit {
            let difference = unsafe UInt64(
                littleEndian: first.loadUnaligned(fromByteOffset: count, as: UInt64.self)
                    ^ second.loadUnaligned(fromByteOffset: count, as: UInt64.self))
            if difference != 0 { return min(limit, count &+ difference.trailingZeroBitCount &>> 3) }
            count &+= 8
        }
        return limit
    }

    /// Bytes from a place on.
    func withBytes<Result>(
        at place: Int, count: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try unsafe body(UnsafeRawBufferPointer(start: memory + (place - origin), count: count))
    }
}
