/// Packs bits into bytes, the lowest first, as RFC 1951 § 3.1.1 has it.
///
/// The buffer has room for a whole block, so nothing that writes a block has to look for the buffer's end: between
/// blocks, `drain` hands the whole bytes on.
@safe struct BitWriter: ~Copyable {
    /// The most bytes that may be put between two calls of `drain`.
    static let blockSize = 192 * 1024
    /// Fewer bytes are not handed on before the end: callers look at them one piece at a time.
    private static let drainSize = 16 * 1024

    private let buffer: UnsafeMutableRawPointer
    /// Where the next bit goes; a loop takes a copy, so as to have it in registers, and puts it back.
    var cursor: BitCursor

    init() {
        unsafe buffer = .allocate(byteCount: 2 * Self.blockSize + 8, alignment: 64)
        cursor = unsafe BitCursor(buffer)
    }

    deinit { unsafe buffer.deallocate() }

    /// Appends the lowest bits of a value, of which the others must be 0; at most 48.
    mutating func put(_ value: UInt64, width: Int) { cursor.put(value, width: width) }

    /// Fills the last byte with zeros.
    mutating func align() { cursor.align() }

    /// How many bits the last byte still takes.
    var room: Int { cursor.room }

    /// Appends whole bytes; what was put before must end on a byte.
    mutating func put(_ bytes: UnsafeRawBufferPointer) { unsafe cursor.put(bytes) }

    /// Hands on the whole bytes when there are many, or all of them with the last byte filled up.
    mutating func drain(all: Bool, _ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        if all { cursor.align() }
        let count = unsafe cursor.distance(from: buffer)
        guard count > (all ? 0 : Self.drainSize) else { return }
        unsafe cursor.move(to: buffer)
        try unsafe output(UnsafeRawBufferPointer(start: buffer, count: count))
    }
}

/// The end of what a bit writer has, with the bits of an unfinished byte.
@safe struct BitCursor {
    private var next: UnsafeMutableRawPointer
    private var bits: UInt64 = 0
    private var width = 0

    @unsafe init(_ start: UnsafeMutableRawPointer) { unsafe next = start }

    /// Appends the lowest bits of a value, of which the others must be 0; at most 48.
    @inline(__always) mutating func put(_ value: UInt64, width count: Int) {
        bits |= value &<< UInt64(truncatingIfNeeded: width)
        width &+= count
        // Writes eight bytes and keeps those that are whole: no branch.
        unsafe next.storeBytes(of: bits.littleEndian, as: UInt64.self)
        unsafe next += width &>> 3
        bits &>>= UInt64(truncatingIfNeeded: width & ~7)
        width &= 7
    }

    /// Appends a symbol's bits.
    @inline(__always) mutating func put(_ entry: PrefixCode.Entry) {
        put(UInt64(entry.bits), width: Int(entry.width))
    }

    /// How many bits the last byte still takes.
    var room: Int { -width & 7 }

    /// Fills the last byte with zeros.
    mutating func align() { put(0, width: room) }

    @unsafe mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        unsafe next.copyMemory(from: start, byteCount: bytes.count)
        unsafe next += bytes.count
    }

    @unsafe func distance(from start: UnsafeMutableRawPointer) -> Int { unsafe next - start }

    @unsafe mutating func move(to start: UnsafeMutableRawPointer) { unsafe next = start }
}
