import CZstd

/// Compresses buffers into independent frames; the same bytes and level give the same frame.
///
/// A frame states its content's size, has no checksum and no dictionary, and needs a window of at most 8 MiB.
/// Memory: the context, up to about 90 MiB at level 22, plus one output buffer of the largest input.
public struct ZstandardCompressor: ~Copyable {
    private let context: CompressionContext
    private var scratch: [UInt8] = []

    /// Makes a compressor of a level in `ZstandardLibrary.levels`.
    ///
    /// - Throws: `ZstandardError` with code `failed` for another level or without memory.
    public init(level: Int) throws(ZstandardError) {
        guard ZstandardLibrary.levels.contains(level) else {
            throw ZstandardError(
                .failed,
                "cannot compress at level \(level): levels are \(ZstandardLibrary.levels.lowerBound)"
                    + " to \(ZstandardLibrary.levels.upperBound)")
        }
        let context = try CompressionContext()
        try context.set(ZSTD_c_compressionLevel, level)
        try context.set(ZSTD_c_contentSizeFlag, 1)
        try context.set(ZSTD_c_checksumFlag, 0)
        try context.set(ZSTD_c_dictIDFlag, 0)
        // Lower levels choose a smaller window of their own.
        if level >= 17 { try context.set(ZSTD_c_windowLog, ZstandardLibrary.maximumWindowLog) }
        self.context = context
    }

    /// One frame with all of the input.
    public mutating func compress(_ input: UnsafeRawBufferPointer) throws(ZstandardError) -> [UInt8] {
        let bound = try ZstandardLibrary.check(ZSTD_compressBound(input.count), "compress \(input.count) bytes")
        if scratch.count < bound { scratch = [UInt8](repeating: 0, count: bound) }
        let pointer = unsafe context.pointer
        let result = unsafe scratch.withUnsafeMutableBytes { output in
            unsafe ZSTD_compress2(pointer, output.baseAddress, output.count, input.baseAddress, input.count)
        }
        let count = try ZstandardLibrary.check(result, "compress \(input.count) bytes")
        return Array(scratch[..<count])
    }
}

@safe struct CompressionContext: ~Copyable {
    let pointer: OpaquePointer

    init() throws(ZstandardError) {
        guard let pointer = unsafe ZSTD_createCCtx() else {
            throw ZstandardError(.failed, "cannot compress: no memory for the compressor")
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe ZSTD_freeCCtx(pointer) }

    func set(_ parameter: ZSTD_cParameter, _ value: Int) throws(ZstandardError) {
        _ = try ZstandardLibrary.check(
            unsafe ZSTD_CCtx_setParameter(pointer, parameter, Int32(value)), "set up the compressor")
    }
}
