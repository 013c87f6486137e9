import Deflate

/// Makes a gzip member from its content: the same bytes for the same encoding.
///
/// Memory: about 3 MiB, and two blocks where the encoding has blocks.
public struct GzipEncoder: ~Copyable {
    private let header: [UInt8]
    private var isStarted = false
    private var deflate: DeflateEncoder
    private var trailer = Trailer()

    /// An encoder for one member.
    public init(_ encoding: GzipEncoding) {
        header = encoding.header
        deflate = DeflateEncoder(encoding.deflate)
    }

    /// Takes the next bytes of the content and hands on what is made.
    ///
    /// - Parameters:
    ///   - bytes: any number.
    ///   - output: is called with bytes of the member, which are gone when it returns.
    /// - Throws: what `output` throws; the encoder must not be used any more then.
    public mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        try unsafe start(output)
        unsafe trailer.update(bytes)
        try unsafe deflate.append(bytes, output)
    }

    /// Ends the member; the encoder must not be used any more.
    ///
    /// - Parameter output: as for `append`.
    /// - Throws: what `output` throws.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe start(output)
        try unsafe deflate.finish(output)
        try unsafe trailer.write(output)
    }

    private mutating func start(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard !isStarted else { return }
        isStarted = true
        try unsafe header.withUnsafeBytes { unsafe try output($0) }
    }
}

/// What ends a member: the CRC-32 and the length of its content, RFC 1952 § 2.3.1.
struct Trailer {
    private var checksum = CRC32()
    private var length: UInt32 = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe checksum.update(bytes)
        length &+= UInt32(truncatingIfNeeded: bytes.count)
    }

    func write(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let value = (UInt64(length) << 32 | UInt64(checksum.value)).littleEndian
        try unsafe withUnsafeBytes(of: value) { try unsafe output($0) }
    }
}
