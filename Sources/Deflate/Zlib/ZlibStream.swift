import CZlib

/// One stream of the zlib library: raw deflate with a window of 32 KiB, as gzip programs use it.
@safe struct ZlibStream: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let buffer: UnsafeMutableBufferPointer<UInt8>

    private static let bufferSize = 128 << 10
    /// The library counts in 32 bits.
    private static let largestInput = 1 << 30

    /// A stream of a level from 1 to 9.
    init(level: Int) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        unsafe buffer = .allocate(capacity: Self.bufferSize)
        let result = unsafe bundle_deflateInitRaw(stream, Int32(level))
        // It fails for a wrong level, or without 256 KiB of memory.
        precondition(result == Z_OK, "zlib makes a stream of level \(level)")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
        unsafe buffer.deallocate()
    }

    /// Begins a new stream.
    func reset() { check(unsafe deflateReset(stream)) }

    /// Lets a stream that has just begun copy from bytes that went before it.
    func setDictionary(_ bytes: UnsafeRawBufferPointer) {
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        check(unsafe deflateSetDictionary(stream, start, UInt32(bytes.count)))
    }

    /// How many bits of a byte wait for the others.
    var pendingBits: Int {
        var bits: Int32 = 0
        check(unsafe deflatePending(stream, nil, &bits))
        return Int(bits)
    }

    /// Appends an empty block with fixed codes: ten bits.
    func putEmptyFixedBlock() { check(unsafe deflatePrime(stream, 10, 2)) }

    /// How much is to be ended after the input.
    enum Ending {
        /// Nothing.
        case none
        /// The block.
        case block
        /// The block, and a byte with an empty stored block.
        case byte
        /// The stream.
        case stream

        fileprivate var flag: Int32 {
            switch self {
            case .none: Z_NO_FLUSH
            case .block: Z_BLOCK
            case .byte: Z_SYNC_FLUSH
            case .stream: Z_FINISH
            }
        }
    }

    /// Takes bytes, and hands on what came out.
    func encode(
        _ bytes: UnsafeRawBufferPointer, ending: Ending, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var rest = unsafe bytes
        while rest.count > Self.largestInput {
            try unsafe step(UnsafeRawBufferPointer(rebasing: rest[..<Self.largestInput]), Z_NO_FLUSH, output)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[Self.largestInput...])
        }
        try unsafe step(rest, ending.flag, output)
    }

    private func step(
        _ bytes: UnsafeRawBufferPointer, _ flush: Int32, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        // The library only reads through this pointer.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            unsafe stream.pointee.next_out = buffer.baseAddress
            unsafe stream.pointee.avail_out = UInt32(buffer.count)
            let result = unsafe deflate(stream, flush)
            precondition(result != Z_STREAM_ERROR, "zlib's stream is used in its order")
            let count = unsafe buffer.count - Int(stream.pointee.avail_out)
            if count > 0 {
                try unsafe output(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
            }
        } while unsafe stream.pointee.avail_out == 0
    }

    private func check(_ result: Int32) { precondition(result == Z_OK, "zlib's stream is used in its order") }
}
