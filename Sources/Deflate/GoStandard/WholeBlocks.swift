/// The levels that cut the input into blocks of 65535 bytes: stored (0), best speed (1), Huffman codes only (-2).
@safe struct WholeBlocks: ~Copyable {
    enum Kind {
        case stored
        case speed
        case literals
    }

    private static let blockSize = GoBlockWriter.storedLimit
    /// Level 1 copies from this far before a block.
    private static let history = 32768
    private static let slack = 16

    private let kind: Kind
    private var writer = GoBlockWriter()
    private var matcher = SpeedMatcher()
    /// The end of the block before, then the block.
    private let buffer: UnsafeMutablePointer<UInt8>
    private let tokens: UnsafeMutablePointer<Token>
    private var count = 0

    init(_ kind: Kind) {
        self.kind = kind
        unsafe buffer = .allocate(capacity: Self.history + Self.blockSize + Self.slack)
        unsafe buffer.initialize(repeating: 0, count: Self.history + Self.blockSize + Self.slack)
        unsafe tokens = .allocate(capacity: Self.blockSize)
    }

    deinit {
        unsafe buffer.deallocate()
        unsafe tokens.deallocate()
    }

    private var block: UnsafeMutablePointer<UInt8> { unsafe buffer + Self.history }

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var rest = unsafe bytes
        while rest.count > 0, let start = rest.baseAddress {
            let taken = min(rest.count, Self.blockSize - count)
            unsafe UnsafeMutableRawPointer(block + count).copyMemory(from: start, byteCount: taken)
            count += taken
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
            if count == Self.blockSize { try unsafe write(output) }
        }
    }

    /// Writes the last block, and the empty one that ends the stream.
    mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        if count > 0 { try unsafe write(output) }
        unsafe writer.stored(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        try unsafe writer.drain(all: true, output)
    }

    private mutating func write(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let bytes = unsafe UnsafeRawBufferPointer(start: block, count: count)
        switch kind {
        case .stored: unsafe writer.stored(bytes, isLast: false)
        case .literals: unsafe writer.literals(bytes)
        case .speed: unsafe writeFast(bytes)
        }
        try unsafe writer.drain(all: false, output)
        // Only a full block has one after it.
        if kind == .speed, count == Self.blockSize {
            unsafe UnsafeMutableRawPointer(buffer).copyMemory(
                from: block + count - Self.history, byteCount: Self.history)
        }
        count = 0
    }

    private mutating func writeFast(_ bytes: UnsafeRawBufferPointer) {
        // A short end is not searched.
        if count <= 16 { return unsafe writer.stored(bytes, isLast: false) }
        if count < 128 { return unsafe writer.literals(bytes) }
        let tokenCount = unsafe matcher.encode(block, count: count, into: tokens)
        if tokenCount > count - count >> 4 {
            unsafe writer.literals(bytes)
        } else {
            unsafe writer.dynamic(UnsafeBufferPointer(start: tokens, count: tokenCount), bytes)
        }
    }
}
