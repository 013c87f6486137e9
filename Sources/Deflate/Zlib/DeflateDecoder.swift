import CZlib

/// zlib's decoder of one raw deflate stream that comes in pieces, and its output buffer.
///
/// Memory: about 40 KiB, and the buffer. Spec: RFC 1951.
@safe public struct DeflateDecoder: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let buffer: UnsafeMutableBufferPointer<UInt8>

    /// What became of a piece.
    public enum Outcome: Sendable, Hashable {
        /// All of it was used, and the stream goes on.
        case needsMore
        /// The stream ended after this many bytes of it.
        case ended(used: Int)
        /// It breaks RFC 1951.
        case damaged
    }

    /// A decoder that hands on at most so many bytes at a time.
    public init(outputSize: Int) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        unsafe buffer = .allocate(capacity: outputSize)
        let result = unsafe bundle_inflateInitRaw(stream)
        precondition(result == Z_OK, "zlib makes a stream")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
        unsafe buffer.deallocate()
    }

    /// Makes ready for another stream.
    public func reset() {
        let result = unsafe inflateReset(stream)
        precondition(result == Z_OK, "zlib's stream is used in its order")
    }

    /// Decodes a piece, and hands on what comes out; the bytes are gone when `output` returns.
    public func decode(
        _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows -> Outcome {
        // The library counts in 32 bits.
        let largest = 1 << 30
        var start = 0
        repeat {
            let end = min(input.count, start + largest)
            let piece = unsafe UnsafeRawBufferPointer(rebasing: input[start..<end])
            let outcome = try unsafe step(piece, output)
            if case .ended(let used) = outcome { return .ended(used: start + used) }
            guard outcome == .needsMore else { return outcome }
            start = end
        } while start < input.count
        return .needsMore
    }

    private func step(
        _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows -> Outcome {
        // It only reads through this pointer.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(input.count)
        while true {
            unsafe stream.pointee.next_out = buffer.baseAddress
            unsafe stream.pointee.avail_out = UInt32(buffer.count)
            let result = unsafe inflate(stream, Z_NO_FLUSH)
            let count = unsafe buffer.count - Int(stream.pointee.avail_out)
            if count > 0 {
                try unsafe output(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
            }
            switch result {
            case Z_STREAM_END: return .ended(used: input.count - Int(unsafe stream.pointee.avail_in))
            // The second one: nothing to do, as at the end of a piece.
            case Z_OK, Z_BUF_ERROR: if unsafe stream.pointee.avail_out > 0 { return .needsMore }
            case Z_MEM_ERROR: preconditionFailure("zlib has memory for its window")
            default: return .damaged
            }
        }
    }
}
