/// Cuts a stream into blocks of one size, each with the end of the one before it.
struct BlockCutter {
    /// One block.
    struct Block: Sendable {
        /// The end of the block before, then the block.
        let bytes: [UInt8]
        /// How many of the bytes are of the block before.
        let tailSize: Int
        /// Whether the stream ends with it.
        let isLast: Bool
    }

    private let blockSize: Int
    private var tail: [UInt8] = []
    private var isAtEnd = false

    init(blockSize: Int) { self.blockSize = blockSize }

    /// The next block, or nil after the last.
    ///
    /// A stream that ends with a whole block has an empty one after it.
    mutating func next(_ pull: (UnsafeMutableRawBufferPointer) throws -> Int) throws -> Block? {
        if isAtEnd { return nil }
        let tailSize = tail.count
        let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: tailSize + blockSize) { buffer, count in
            let memory = UnsafeMutableRawBufferPointer(buffer)
            unsafe memory.copyBytes(from: tail)
            count = tailSize
            while count < memory.count {
                let taken = try unsafe pull(UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
                if taken == 0 {
                    isAtEnd = true
                    return
                }
                count += taken
            }
        }
        tail = Array(bytes.suffix(ParallelBlocks.tailSize))
        return Block(bytes: bytes, tailSize: tailSize, isLast: isAtEnd)
    }
}
