import COpenSSL

/// OpenSSL's form of a public or private key.
@safe struct KeyHandle: ~Copyable {
    let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer?, _ code: CryptographyError.Code, _ message: String) throws(CryptographyError)
    {
        guard let pointer = unsafe pointer else { throw .draining(code, message) }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// From exactly one DER SubjectPublicKeyInfo.
    static func publicKey(_ der: [UInt8]) throws(CryptographyError) -> KeyHandle {
        ERR_clear_error()
        let message = "cannot read a public key: it is not one DER SubjectPublicKeyInfo"
        let (key, used) = unsafe der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            let key = unsafe d2i_PUBKEY(nil, &position, bytes.count)
            let used = unsafe position.map { unsafe $0 - (bytes.baseAddress ?? $0) } ?? 0
            return unsafe (key, used)
        }
        let handle = try unsafe KeyHandle(key, .invalidKey, message)
        guard used == der.count else { throw CryptographyError(.invalidKey, message) }
        return handle
    }

    /// From exactly one DER PrivateKeyInfo, that is unencrypted PKCS#8.
    static func privateKey(_ der: [UInt8]) throws(CryptographyError) -> KeyHandle {
        ERR_clear_error()
        let message = "cannot read a private key: it is not one PKCS#8 key"
        let (key, used) = unsafe der.withUnsafeBufferPointer { bytes -> (OpaquePointer?, Int) in
            var position = bytes.baseAddress
            guard let info = unsafe d2i_PKCS8_PRIV_KEY_INFO(nil, &position, bytes.count) else { return (nil, 0) }
            defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
            let used = unsafe position.map { unsafe $0 - (bytes.baseAddress ?? $0) } ?? 0
            return unsafe (EVP_PKCS82PKEY(info), used)
        }
        let handle = try unsafe KeyHandle(key, .invalidKey, message)
        guard used == der.count else { throw CryptographyError(.invalidKey, message) }
        return handle
    }

    /// From a DER EncryptedPrivateKeyInfo.
    static func encryptedPrivateKey(_ der: [UInt8], passphrase: [UInt8]) throws(CryptographyError) -> KeyHandle {
        ERR_clear_error()
        // OpenSSL takes a C string of at most 1024 bytes, and asks the terminal when it gets none.
        guard (1...1024).contains(passphrase.count), !passphrase.contains(0) else {
            throw CryptographyError(
                .invalidKey, "cannot read an encrypted private key: a passphrase has 1 to 1024 bytes and no NUL")
        }
        var text = passphrase + [0]
        let key = unsafe der.withUnsafeBytes { bytes -> OpaquePointer? in
            guard let source = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
            defer { unsafe BIO_free(source) }
            return unsafe text.withUnsafeMutableBytes {
                unsafe d2i_PKCS8PrivateKey_bio(source, nil, nil, $0.baseAddress)
            }
        }
        guard let key = unsafe key else {
            // What OpenSSL says of a wrong passphrase is about padding or ASN.1, and leads nobody to it.
            ERR_clear_error()
            throw CryptographyError(
                .invalidKey, "cannot read an encrypted private key: the passphrase is wrong, or the file is damaged")
        }
        return try unsafe KeyHandle(key, .invalidKey, "cannot read an encrypted private key")
    }

    /// A new key.
    init(generating algorithm: SignatureAlgorithm) throws(CryptographyError) {
        ERR_clear_error()
        let message = "cannot make a key of \(algorithm.rawValue)"
        let type =
            switch algorithm {
            case .ed25519: "ED25519"
            case .ecdsaP256, .ecdsaP384: "EC"
            case .rsaPSS: "RSA"
            }
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { throw .draining(.failed, message) }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        try CryptographyError.check(unsafe EVP_PKEY_keygen_init(context), .failed, message)
        let result =
            switch algorithm {
            case .ed25519: 1 as Int32
            case .ecdsaP256: unsafe EVP_PKEY_CTX_set_group_name(context, "P-256")
            case .ecdsaP384: unsafe EVP_PKEY_CTX_set_group_name(context, "P-384")
            case .rsaPSS: unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, PublicKey.minimumRSABits)
            }
        try CryptographyError.check(result, .failed, message)
        var key: OpaquePointer?
        let made = unsafe EVP_PKEY_generate(context, &key)
        try unsafe self.init(made == 1 ? key : nil, .failed, message)
    }

    /// The size in bits: of the modulus, or of the field.
    var bits: Int32 { unsafe EVP_PKEY_get_bits(pointer) }

    /// Whether this is an RSA key of the plain kind.
    var isRSA: Bool { unsafe EVP_PKEY_get_base_id(pointer) == EVP_PKEY_RSA }

    /// The DER SubjectPublicKeyInfo.
    func publicDER() throws(CryptographyError) -> [UInt8] {
        var start: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_PUBKEY(pointer, &start)
        return try unsafe Self.take(start, count)
    }

    /// The DER PrivateKeyInfo.
    func privateDER() throws(CryptographyError) -> [UInt8] {
        guard let info = unsafe EVP_PKEY2PKCS8(pointer) else { throw .draining(.failed, "cannot encode a private key") }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
        var start: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_PKCS8_PRIV_KEY_INFO(info, &start)
        return try unsafe Self.take(start, count)
    }

    /// Copies and frees what an encoder allocated.
    private static func take(_ start: UnsafeMutablePointer<UInt8>?, _ count: Int32) throws(CryptographyError) -> [UInt8]
    {
        guard let start = unsafe start, count > 0 else { throw .draining(.failed, "cannot encode a key") }
        let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: Int(count)))
        unsafe CRYPTO_clear_free(start, Int(count), "", 0)
        return bytes
    }
}
