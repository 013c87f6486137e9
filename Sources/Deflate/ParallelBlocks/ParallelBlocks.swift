/// The deflate streams of pgzip: blocks of one size that are encoded apart, so that threads share the work.
///
/// A block may refer to the last 16 KiB of the block before it, and ends at a byte's edge; the last block, which may be
/// empty, is followed by the stream's end. It writes raw deflate, RFC 1951; what surrounds it is the caller's.
public struct ParallelBlocks: Sendable {
    /// The size of pgzip's blocks, in bytes, where its caller does not choose another.
    public static let defaultBlockSize = 1 << 20
    /// How many bytes of the block before a block may refer to.
    public static let tailSize = 16_384

    /// Which releases of the encoder to follow.
    public let variant: KlauspostEncoder.Variant
    /// The level, as for the encoder.
    public let level: Int
    /// The size of a block, in bytes.
    public let blockSize: Int

    /// Makes the description of a stream.
    ///
    /// - Parameters:
    ///   - variant: which releases of the encoder to follow.
    ///   - level: as for `KlauspostEncoder`.
    ///   - blockSize: in bytes, more than `tailSize`.
    public init(_ variant: KlauspostEncoder.Variant, level: Int, blockSize: Int = defaultBlockSize) {
        precondition(blockSize > Self.tailSize, "blocks are not larger than what the next may refer to")
        self.variant = variant
        self.level = level
        self.blockSize = blockSize
    }

    /// Encodes one block; on any thread, in any order.
    ///
    /// Memory: about 2 MiB.
    ///
    /// - Parameters:
    ///   - block: its bytes, at most `blockSize`.
    ///   - tail: the last `tailSize` bytes of the block before; none for the first.
    ///   - isLast: whether the stream ends with it.
    ///   - output: is called with encoded bytes, which are gone when it returns.
    public func encode(
        _ block: UnsafeRawBufferPointer, after tail: UnsafeRawBufferPointer, isLast: Bool,
        _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var encoder = unsafe KlauspostEncoder(variant, level: level, dictionary: tail)
        try unsafe encoder.append(block, output)
        try unsafe encoder.flush(output)
        if isLast { try unsafe encoder.finish(output) }
    }

    /// Encodes a whole stream on several threads.
    ///
    /// Memory: at most 2 times the block size and 2 MiB for each of `jobs` + 2 blocks.
    ///
    /// - Parameters:
    ///   - jobs: how many blocks are encoded at a time; at least 1.
    ///   - pull: fills the buffer from its start with the stream's next bytes and says how many; 0 at the end.
    ///   - output: is called in the stream's order with encoded bytes, which are gone when it returns.
    /// - Throws: what `pull` or `output` throws.
    public func encode(
        jobs: Int, pull: (UnsafeMutableRawBufferPointer) throws -> Int,
        output: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: EncodedBlock.self) { group in
            var cutter = BlockCutter(blockSize: blockSize)
            var waiting: [Int: EncodedBlock] = [:]
            var started = 0
            var ended = 0
            var written = 0
            while true {
                // The second bound holds when a slow block keeps those after it from being written.
                while started < min(ended + jobs, written + jobs + 2), let block = try unsafe cutter.next(pull) {
                    let number = started
                    group.addTask { EncodedBlock(number, block, self) }
                    started += 1
                }
                guard let done = try await group.next() else { return }
                ended += 1
                waiting[done.number] = done
                while let block = waiting.removeValue(forKey: written) {
                    try unsafe block.bytes.withUnsafeBytes { try unsafe output($0) }
                    written += 1
                }
            }
        }
    }
}

/// What one block is encoded to; blocks end in any order.
private struct EncodedBlock: Sendable {
    let number: Int
    let bytes: [UInt8]

    init(_ number: Int, _ block: BlockCutter.Block, _ stream: ParallelBlocks) {
        self.number = number
        var encoded: [UInt8] = []
        encoded.reserveCapacity(block.bytes.count / 2)
        unsafe block.bytes.withUnsafeBytes { bytes in
            let tail = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<block.tailSize])
            let body = unsafe UnsafeRawBufferPointer(rebasing: bytes[block.tailSize...])
            unsafe stream.encode(body, after: tail, isLast: block.isLast) { unsafe encoded.append(contentsOf: $0) }
        }
        bytes = encoded
    }
}
