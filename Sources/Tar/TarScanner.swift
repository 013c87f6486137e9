/// Follows a tar as it comes, and tells file contents from everything else.
///
/// What it finds are hints: any bytes may be given, in pieces of any size, and every byte is handed on exactly once and in
/// order. What is no tar counts as content until a header is found again.
///
/// Spec: POSIX.1-2017 pax interchange format; GNU tar's base-256 sizes.
public struct TarScanner: ~Copyable {
    /// One piece of the tar.
    @safe public enum Event {
        /// Headers, extension records, padding, or the end of the archive.
        case metadata(UnsafeRawBufferPointer)
        /// A file of a known size starts.
        case file(size: Int64)
        /// The bytes of a file, or bytes that are no tar.
        case content(UnsafeRawBufferPointer)
        /// The file, or the bytes that are no tar, end here.
        case endOfContent
    }

    private static let blockSize = 512

    private enum State {
        /// Collecting a block that should be a header.
        case header
        /// In a file, with so many bytes to come.
        case file(Int64)
        /// In an extension record or padding, with so many bytes to come.
        case metadata(Int64)
        /// Collecting a block where no header was found.
        case lost
    }

    private var state = State.header
    private var padding: Int64 = 0
    private var block: [UInt8] = []

    /// Starts at the first byte of a stream.
    public init() { block.reserveCapacity(Self.blockSize) }

    /// Takes the next bytes.
    public mutating func scan(_ bytes: UnsafeRawBufferPointer, _ body: (Event) throws -> Void) rethrows {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            switch state {
            case .header, .lost:
                let count = min(Self.blockSize - block.count, rest.count)
                unsafe block.append(contentsOf: rest[..<count])
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                if block.count == Self.blockSize { try takeBlock(body) }
            case .file(let left):
                let count = Int(min(left, Int64(rest.count)))
                try unsafe body(.content(UnsafeRawBufferPointer(rebasing: rest[..<count])))
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                state = .file(left - Int64(count))
                if left == Int64(count) {
                    try body(.endOfContent)
                    state = padding > 0 ? .metadata(padding) : .header
                }
            case .metadata(let left):
                let count = Int(min(left, Int64(rest.count)))
                try unsafe body(.metadata(UnsafeRawBufferPointer(rebasing: rest[..<count])))
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                state = left == Int64(count) ? .header : .metadata(left - Int64(count))
            }
        }
    }

    /// Hands over what is left at the end of the stream.
    public mutating func finish(_ body: (Event) throws -> Void) rethrows {
        switch state {
        case .header: unsafe try flushBlock { piece in try unsafe body(.metadata(piece)) }
        case .lost:
            unsafe try flushBlock { piece in try unsafe body(.content(piece)) }
            try body(.endOfContent)
        case .file: try body(.endOfContent)
        case .metadata: break
        }
        state = .header
    }

    private mutating func flushBlock(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        if !block.isEmpty { try unsafe block.withUnsafeBytes { bytes in try unsafe body(bytes) } }
        block.removeAll(keepingCapacity: true)
    }

    private mutating func takeBlock(_ body: (Event) throws -> Void) rethrows {
        let wasLost = if case .lost = state { true } else { false }
        if let header = TarHeader(block) {
            if wasLost { try body(.endOfContent) }
            unsafe try flushBlock { piece in try unsafe body(.metadata(piece)) }
            let remainder = header.size % Int64(Self.blockSize)
            padding = remainder == 0 ? 0 : Int64(Self.blockSize) - remainder
            switch (header.size, header.isExtension) {
            case (0, _): state = .header
            case (let size, true): state = .metadata(size + padding)
            case (let size, false):
                state = .file(size)
                try body(.file(size: size))
            }
        } else if !wasLost, block.allSatisfy({ $0 == 0 }) {
            unsafe try flushBlock { piece in try unsafe body(.metadata(piece)) }
        } else {
            if !wasLost { try body(.file(size: Int64.max)) }
            state = .lost
            unsafe try flushBlock { piece in try unsafe body(.content(piece)) }
        }
    }
}
