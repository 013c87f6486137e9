/// Computes the MD5 of bytes that come in pieces: for checksums of others' formats only, since it proves nothing.
public struct MD5Hasher: ~Copyable {
    private let context = DigestContext(.md5)

    /// Makes a hasher that has seen no byte; nil where the library has no MD5, as under FIPS.
    public init?() {
        guard DigestContext.Algorithm.md5.isThere else { return nil }
        context.start()
    }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { unsafe context.update(bytes) }

    /// The 16 bytes of the sum of all bytes.
    public consuming func finish() -> [UInt8] { context.finish() }
}
