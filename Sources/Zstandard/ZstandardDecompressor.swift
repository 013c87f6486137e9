import CZstd

/// Decompresses single frames of known size into memory that the caller gives.
public struct ZstandardDecompressor: ~Copyable {
    private let context: DecompressionContext

    /// Makes a decompressor, which can be used for any number of frames.
    public init() throws(ZstandardError) { context = try DecompressionContext() }

    /// Fills the output with the content of exactly one frame.
    ///
    /// The frame must state its content's size, which must be that of the output, and need no dictionary and a window
    /// of at most 8 MiB. Skippable frames, further frames and trailing bytes are refused.
    ///
    /// - Throws: `ZstandardError`; the output's bytes are then undefined.
    public mutating func decompress(
        _ frame: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(ZstandardError) {
        guard let header = unsafe FrameHeader(frame) else {
            throw ZstandardError(.damaged, "cannot decompress: the bytes do not start with a zstd frame")
        }
        guard !header.hasDictionary else {
            throw ZstandardError(.damaged, "cannot decompress: the frame needs a dictionary")
        }
        guard let size = header.contentSize, size == UInt64(output.count) else {
            let found = header.contentSize.map { "\($0) bytes" } ?? "no size"
            throw ZstandardError(.damaged, "cannot decompress: the frame states \(found), not \(output.count) bytes")
        }
        guard header.windowSize <= 1 << UInt64(ZstandardLibrary.maximumWindowLog) else {
            throw ZstandardError(
                .overLimit, "cannot decompress: the frame needs a window of \(header.windowSize) bytes, more than 8 MiB"
            )
        }
        let length = try ZstandardLibrary.check(
            unsafe ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count), "decompress a frame")
        guard length == frame.count else {
            throw ZstandardError(
                .damaged, "cannot decompress: the frame has \(length) bytes, but \(frame.count) were given")
        }
        let result = unsafe ZSTD_decompressDCtx(
            context.pointer, output.baseAddress, output.count, frame.baseAddress, frame.count)
        let count = try ZstandardLibrary.check(result, "decompress a frame")
        guard count == output.count else {
            throw ZstandardError(.damaged, "cannot decompress: the frame gave \(count) bytes, not \(output.count)")
        }
    }
}

/// The library's state of decompression.
@safe struct DecompressionContext: ~Copyable {
    let pointer: OpaquePointer

    init() throws(ZstandardError) {
        guard let pointer = unsafe ZSTD_createDCtx() else {
            throw ZstandardError(.failed, "cannot decompress: no memory for the decompressor")
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe ZSTD_freeDCtx(pointer) }

    func setMaximumWindowLog(_ log: Int) throws(ZstandardError) {
        _ = try ZstandardLibrary.check(
            unsafe ZSTD_DCtx_setParameter(pointer, ZSTD_d_windowLogMax, Int32(log)), "set up the decompressor")
    }
}
