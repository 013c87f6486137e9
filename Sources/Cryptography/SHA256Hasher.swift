public import OCI

/// Computes the SHA-256 of bytes that come in pieces.
///
/// The calls of the library fail only without memory or without SHA-256, which ends the program.
public struct SHA256Hasher: ~Copyable {
    private let context = DigestContext(.sha256)

    /// Makes a hasher that has seen no byte.
    public init() { context.start() }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { unsafe context.update(bytes) }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe context.update($0) } }

    /// Forgets all bytes; cheaper than a new hasher.
    public mutating func reset() { context.start() }

    /// The digest of all bytes.
    public consuming func finish() -> Digest { Digest(bytes: context.finish()) }

    /// The digest of all bytes; then the hasher has seen no byte.
    public mutating func finishAndReset() -> Digest {
        let digest = Digest(bytes: context.finish())
        context.start()
        return digest
    }

    /// The digest of bytes that are all there.
    public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
        var hasher = SHA256Hasher()
        unsafe hasher.update(bytes)
        return hasher.finish()
    }

    /// The digest of bytes that are all there.
    public static func digest(of bytes: [UInt8]) -> Digest { unsafe bytes.withUnsafeBytes { unsafe digest(of: $0) } }
}
