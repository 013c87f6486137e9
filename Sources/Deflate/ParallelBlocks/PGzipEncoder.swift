/// The deflate streams of pgzip, one block after another on one thread.
struct PGzipEncoder: ~Copyable {
    private let blocks: ParallelBlocks
    private var block: [UInt8] = []
    private var tail: [UInt8] = []

    init(_ blocks: ParallelBlocks) {
        self.blocks = blocks
        block.reserveCapacity(blocks.blockSize)
    }

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let piece = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(blocks.blockSize - block.count))
            unsafe block.append(contentsOf: piece)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
            if block.count == blocks.blockSize { try unsafe put(isLast: false, output) }
        }
    }

    mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe put(isLast: true, output)
    }

    private mutating func put(isLast: Bool, _ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe block.withUnsafeBytes { bytes in
            try unsafe tail.withUnsafeBytes { tail in
                try unsafe blocks.encode(bytes, after: tail, isLast: isLast, output)
            }
        }
        tail = Array(block.suffix(ParallelBlocks.tailSize))
        block.removeAll(keepingCapacity: true)
    }
}
