import CZstd

/// Decompresses a stream that comes in pieces: any number of frames, skippable ones too, as in foreign layers.
///
/// Memory: the window of the stream, at most 128 MiB, and one output buffer.
public struct ZstandardStreamDecoder: ~Copyable {
    /// The binary logarithm of the largest window accepted: 128 MiB, what `zstd --long` writes.
    public static let maximumWindowLog = 27

    private let context: DecompressionContext
    private let buffer: OutputBuffer
    private var isInsideFrame = false
    private var isEmpty = true

    /// Makes a decoder for one stream.
    public init() throws(ZstandardError) {
        let context = try DecompressionContext()
        try context.setMaximumWindowLog(Self.maximumWindowLog)
        self.context = context
        self.buffer = OutputBuffer(count: ZSTD_DStreamOutSize())
    }

    /// Takes the next bytes of the stream and hands on what they decode to; use it no more after an error.
    ///
    /// - Parameters:
    ///   - input: any number of bytes.
    ///   - output: is called with at most 128 KiB at a time; the bytes are gone when it returns.
    /// - Throws: `ZstandardError`, or what `output` throws.
    public mutating func decode(
        _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard unsafe !input.isEmpty else { return }
        isEmpty = false
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            // So that after an error finish() does not believe the stream complete.
            isInsideFrame = true
            var target = unsafe ZSTD_outBuffer(dst: buffer.bytes.baseAddress, size: buffer.bytes.count, pos: 0)
            let result = unsafe ZSTD_decompressStream(context.pointer, &target, &source)
            let remaining = try ZstandardLibrary.check(result, "decompress a stream")
            let count = unsafe target.pos
            if count > 0 { try unsafe output(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])) }
            isInsideFrame = remaining != 0
            let mayHoldMore = unsafe isInsideFrame && count == buffer.bytes.count
            if unsafe source.pos == source.size && !mayHoldMore { return }
        }
    }

    /// Ends the stream.
    ///
    /// - Throws: `ZstandardError` with code `damaged` when the stream is empty or ends inside a frame.
    public mutating func finish() throws(ZstandardError) {
        guard !isEmpty, !isInsideFrame else {
            throw ZstandardError(.damaged, "cannot decompress a stream: it ends before its last frame is complete")
        }
    }
}

@safe struct OutputBuffer: ~Copyable {
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) { unsafe bytes = .allocate(byteCount: count, alignment: 64) }

    deinit { unsafe bytes.deallocate() }
}
