/// Makes deflate data, RFC 1951, as a named encoder does: the same bytes for the same encoding and input.
///
/// The result does not depend on how the input is cut. Memory: about 3 MiB, and two blocks where there are blocks.
public struct DeflateEncoder: ~Copyable {
    // One of these.
    private var go: GoStandardEncoder?
    private var klauspost: KlauspostEncoder?
    private var pgzip: PGzipEncoder?
    private var zlib: ZlibEncoder?
    private var gnu: GNUGzipEncoder?

    /// An encoder for one stream.
    public init(_ encoding: DeflateEncoding) {
        if let blocks = encoding.blocks {
            pgzip = PGzipEncoder(blocks)
        } else if let variant = encoding.encoder.variant {
            klauspost = unsafe KlauspostEncoder(variant, level: encoding.level)
        } else if encoding.encoder == .zlib {
            zlib = ZlibEncoder(level: encoding.level, blockSize: encoding.blockSize)
        } else if encoding.encoder == .gnuGzip {
            gnu = GNUGzipEncoder(level: encoding.level)
        } else {
            go = GoStandardEncoder(level: encoding.level)
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
        try unsafe gnu?.append(bytes, output)
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
        try unsafe gnu?.finish(output)
    }
}

extension DeflateEncoding {
    /// The stream of pgzip that it is, if any.
    var blocks: ParallelBlocks? {
        guard let blockSize, let variant = encoder.variant else { return nil }
        return ParallelBlocks(variant, level: level, blockSize: blockSize)
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
        case .go, .zlib, .gnuGzip: nil
        }
    }
}
