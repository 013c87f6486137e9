/// zlib's own encoder: one stream, or blocks that are encoded apart as pigz does.
///
/// Memory: about 400 KiB, and one block.
struct ZlibEncoder: ~Copyable {
    private let stream: ZlibStream
    private let blockSize: Int?
    private var block: [UInt8] = []
    private var window: [UInt8] = []

    private static let windowSize = 32 << 10

    /// An encoder of a level from 1 to 9.
    ///
    /// - Parameters:
    ///   - level: how hard it tries.
    ///   - blockSize: how many bytes each worker of pigz takes; nil for one stream of zlib.
    init(level: Int, blockSize: Int?) {
        stream = ZlibStream(level: level)
        self.blockSize = blockSize
    }

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        guard let blockSize else { return try unsafe stream.encode(bytes, ending: .none, output) }
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            // A full block is written when more follows: the last one ends otherwise.
            if block.count == blockSize { try unsafe put(isLast: false, output) }
            let piece = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(blockSize - block.count))
            unsafe block.append(contentsOf: piece)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
        }
    }

    mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard blockSize != nil else {
            return try unsafe stream.encode(UnsafeRawBufferPointer(start: nil, count: 0), ending: .stream, output)
        }
        try unsafe put(isLast: true, output)
    }

    /// Encodes the block, which may copy from the one before it, and ends it on a byte.
    private mutating func put(isLast: Bool, _ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        stream.reset()
        if !window.isEmpty { unsafe window.withUnsafeBytes { unsafe stream.setDictionary($0) } }
        let nothing = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        try unsafe block.withUnsafeBytes { unsafe try stream.encode($0, ending: isLast ? .stream : .block, output) }
        if !isLast {
            if stream.pendingBits % 2 == 1 {
                try unsafe stream.encode(nothing, ending: .byte, output)
            } else if stream.pendingBits > 0 {
                // Ten bits each, so an even number of bits comes to a whole byte.
                repeat { stream.putEmptyFixedBlock() } while stream.pendingBits % 8 != 0
                try unsafe stream.encode(nothing, ending: .block, output)
            }
        }
        window = Array(block.suffix(Self.windowSize))
        block.removeAll(keepingCapacity: true)
    }
}
