import COpenSSL
public import OCI

/// Computes the SHA-256 of bytes that come in pieces.
///
/// The calls of the library fail only without memory or without SHA-256, which ends the program.
public struct SHA256Hasher: ~Copyable {
    private let context = DigestContext()

    /// Makes a hasher that has seen no byte.
    public init() { context.start() }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { unsafe context.update(bytes) }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe context.update($0) } }

    /// Forgets all bytes; cheaper than a new hasher.
    public mutating func reset() { context.start() }

    /// The digest of all bytes.
    public consuming func finish() -> Digest { context.finish() }

    /// The digest of all bytes; then the hasher has seen no byte.
    public mutating func finishAndReset() -> Digest {
        let digest = context.finish()
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

@safe struct DigestContext: ~Copyable {
    // Fetched once: a search through the providers for every hasher costs more than hashing a small file.
    // Safety: never changed or freed after it is made, and OpenSSL shares it between threads.
    private nonisolated(unsafe) static let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil)

    private let pointer: OpaquePointer

    init() {
        guard let pointer = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for SHA-256") }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_MD_CTX_free(pointer) }

    func start() {
        let result = unsafe EVP_DigestInit_ex2(pointer, Self.algorithm, nil)
        precondition(result == 1, "OpenSSL has no SHA-256")
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        let result = unsafe EVP_DigestUpdate(pointer, bytes.baseAddress, bytes.count)
        precondition(result == 1, "OpenSSL did not hash")
    }

    func finish() -> Digest {
        var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
        let result = unsafe EVP_DigestFinal_ex(pointer, &bytes, nil)
        precondition(result == 1, "OpenSSL did not hash")
        return Digest(bytes: bytes)
    }
}
