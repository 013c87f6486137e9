import COpenSSL

/// One signing or verification, with the parameters that the algorithm fixes.
@safe struct SignatureContext: ~Copyable {
    private let pointer: OpaquePointer

    init() throws(CryptographyError) {
        ERR_clear_error()
        guard let pointer = unsafe EVP_MD_CTX_new() else {
            throw .draining(.failed, "cannot work with signatures: no memory")
        }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_MD_CTX_free(pointer) }

    func sign(
        _ message: [UInt8], with key: borrowing KeyHandle, _ algorithm: SignatureAlgorithm
    ) throws(CryptographyError) -> [UInt8] {
        let text = "cannot sign with \(algorithm.rawValue)"
        var parameters: OpaquePointer?
        try CryptographyError.check(
            unsafe EVP_DigestSignInit(pointer, &parameters, Self.digest(algorithm), nil, key.pointer),
            .signingFailed, text)
        try unsafe setPadding(parameters, algorithm, .signingFailed, text)
        var count = 0
        try CryptographyError.check(
            unsafe EVP_DigestSign(pointer, nil, &count, message, message.count), .signingFailed, text)
        var signature = [UInt8](repeating: 0, count: count)
        try CryptographyError.check(
            unsafe EVP_DigestSign(pointer, &signature, &count, message, message.count), .signingFailed, text)
        return Array(signature[..<count])
    }

    func isValid(
        _ signature: [UInt8], of message: [UInt8], with key: borrowing KeyHandle, _ algorithm: SignatureAlgorithm
    ) throws(CryptographyError) -> Bool {
        let text = "cannot verify with \(algorithm.rawValue)"
        var parameters: OpaquePointer?
        try CryptographyError.check(
            unsafe EVP_DigestVerifyInit(pointer, &parameters, Self.digest(algorithm), nil, key.pointer), .failed, text)
        try unsafe setPadding(parameters, algorithm, .failed, text)
        // Only 1 is a valid signature: 0 is a wrong one, a negative number one that cannot even be read.
        let result = unsafe EVP_DigestVerify(pointer, signature, signature.count, message, message.count)
        ERR_clear_error()
        return result == 1
    }

    /// Ed25519 takes the message whole, without a digest before it.
    private static func digest(_ algorithm: SignatureAlgorithm) -> OpaquePointer? {
        switch algorithm {
        case .ed25519: nil
        case .ecdsaP256, .rsaPSS: unsafe EVP_sha256()
        case .ecdsaP384: unsafe EVP_sha384()
        }
    }

    /// The salt's length is fixed, so that one signature has one meaning everywhere.
    private func setPadding(
        _ parameters: OpaquePointer?, _ algorithm: SignatureAlgorithm, _ code: CryptographyError.Code, _ text: String
    ) throws(CryptographyError) {
        guard algorithm == .rsaPSS else { return }
        try CryptographyError.check(
            unsafe EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), code, text)
        try CryptographyError.check(unsafe EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, EVP_sha256()), code, text)
        try CryptographyError.check(unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 32), code, text)
    }
}
