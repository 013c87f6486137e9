/// Makes deflate data, RFC 1951, as a named encoder does: the same bytes for the same encoding and input.
///
/// The result does not depend on how the input is cut. Memory: about 3 MiB, and two blocks where there are blocks.
public struct DeflateEncoder: ~Copyable {
    // One of these.
    private var go: GoStandardEncoder?
    private var klauspost: KlauspostEncoder?
    private var pgzip: PGzipEncoder?
    private var zlib: ZlibEncoder?

    /// An encoder for one stream.
    public init(_ encoding: DeflateEncoding) {
        switch (encoding.encoder.variant, encoding.encoder, encoding.blockSize) {
        case (let variant?, _, let size?):
            pgzip = PGzipEncoder(ParallelBlocks(variant, level: encoding.level, blockSize: size))
        case (let variant?, _, nil): klauspost = unsafe KlauspostEncoder(variant, level: encoding.level)
        case (nil, .zlib, let size): zlib = ZlibEncoder(level: encoding.level, blockSize: size)
        case (nil, _, _): go = GoStandardEncoder(level: encoding.level)
        }
    }

    /// Takes the next bytes and hands on what is encoded.
    ///
    /// - Parameters:
    ///   - bytes: any number.
    ///   - output: is called with encoded bytes, which are gone when it returns.
    /// - Throws: what `output` throws; the encoder must not be used any more then.
    public mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        try unsafe go?.append(bytes, output)
        try unsafe klauspost?.append(bytes, output)
        try unsafe pgzip?.append(bytes, output)
        try unsafe zlib?.append(bytes, output)
    }

    /// Ends the stream; the encoder must not be used any more.
    ///
    /// - Parameter output: as for `append`.
    /// - Throws: what `output` throws.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe go?.finish(output)
        try unsafe klauspost?.finish(output)
        try unsafe pgzip?.finish(output)
        try unsafe zlib?.finish(output)
    }
}

extension DeflateEncoding.Encoder {
    /// The variant of klauspost's encoder that it is, if any.
    fileprivate var variant: KlauspostEncoder.Variant? {
        switch self {
        case .klauspost1Dot15: .klauspost1Dot15
        case .klauspost1Dot18: .klauspost1Dot18
        case .klauspost1Dot20: .klauspost1Dot20
        case .go1Dot27: .go1Dot27
        case .go, .zlib: nil
        }
    }
}
