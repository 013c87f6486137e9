import COpenSSL

/// A hash of the library that bytes are added to.
@safe struct DigestContext: ~Copyable {
    /// A hash function, fetched once: a search through the providers for every hasher costs more than hashing a small file.
    enum Algorithm {
        case sha256
        case md5

        // Safety: never changed or freed after they are made, and OpenSSL shares them between threads.
        private nonisolated(unsafe) static let fetchedSHA256 = unsafe EVP_MD_fetch(nil, "SHA256", nil)
        private nonisolated(unsafe) static let fetchedMD5 = unsafe EVP_MD_fetch(nil, "MD5", nil)

        /// Whether the library has it.
        var isThere: Bool { unsafe pointer != nil }

        fileprivate var pointer: OpaquePointer? {
            switch self {
            case .sha256: unsafe Self.fetchedSHA256
            case .md5: unsafe Self.fetchedMD5
            }
        }
    }

    private let algorithm: Algorithm
    private let pointer: OpaquePointer

    init(_ algorithm: Algorithm) {
        guard let pointer = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for a hash") }
        unsafe self.pointer = pointer
        self.algorithm = algorithm
    }

    deinit { unsafe EVP_MD_CTX_free(pointer) }

    func start() {
        let result = unsafe EVP_DigestInit_ex2(pointer, algorithm.pointer, nil)
        precondition(result == 1, "OpenSSL has no such hash")
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        let result = unsafe EVP_DigestUpdate(pointer, bytes.baseAddress, bytes.count)
        precondition(result == 1, "OpenSSL did not hash")
    }

    func finish() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let result = unsafe EVP_DigestFinal_ex(pointer, &bytes, &count)
        precondition(result == 1, "OpenSSL did not hash")
        return Array(bytes.prefix(Int(count)))
    }
}
