public import OCI

/// A key that verifies signatures; its algorithm follows from it.
public struct PublicKey: Sendable, Hashable {
    /// The smallest RSA modulus that is accepted, in bits.
    public static let minimumRSABits: Int32 = 3072

    /// What its signatures are made with.
    public let algorithm: SignatureAlgorithm
    /// The SHA-256 of the key's DER SubjectPublicKeyInfo; a key has only one encoding, so only one id.
    public let id: Digest
    private let der: [UInt8]

    /// Reads a PEM file with exactly one SubjectPublicKeyInfo (`BEGIN PUBLIC KEY`) and nothing else.
    ///
    /// - Throws: `CryptographyError`; `invalidKey` for other bytes or another encoding of the key, `unsupportedKey` for
    ///   anything but Ed25519, P-256, P-384 and RSA of at least 3072 bits.
    public init(pem: [UInt8]) throws(CryptographyError) {
        let block = try PEMBlock(parsing: pem)
        guard block.label == Self.label else {
            throw CryptographyError(
                .invalidKey, "cannot read a public key: the file holds a '\(block.label)', not a '\(Self.label)'")
        }
        try self.init(der: block.content)
    }

    init(der: [UInt8]) throws(CryptographyError) {
        let key = try KeyHandle.publicKey(der)
        // Two encodings of one key would be two ids, and count as two signers.
        guard try key.publicDER() == der else {
            throw CryptographyError(.invalidKey, "cannot read a public key: it is not in its one DER encoding")
        }
        self.algorithm = try Self.algorithm(of: key, der)
        self.id = SHA256Hasher.digest(of: der)
        self.der = der
    }

    /// The PEM file, as OpenSSL writes it.
    public var pem: [UInt8] { PEMBlock(label: Self.label, content: der).text }

    /// The name of this key's signature file: `<id>.<algorithm>`.
    public var signatureFileName: String { id.hex + "." + algorithm.fileExtension }

    /// Whether the signature was made by this key's owner over exactly this message.
    public func isValid(signature: [UInt8], of message: [UInt8]) -> Bool {
        do {
            let key = try KeyHandle.publicKey(der)
            return try SignatureContext().isValid(signature, of: message, with: key, algorithm)
        } catch {
            // Whatever keeps us from verifying, the signature is not known to be valid.
            return false
        }
    }

    private static let label = "PUBLIC KEY"

    // The DER before the key's own bytes, for the algorithms whose keys have a fixed size; points are uncompressed.
    private static let ed25519: [UInt8] = [0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0]
    private static let p256: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7,
        3, 0x42, 0, 4,
    ]
    private static let p384: [UInt8] = [
        0x30, 0x76, 0x30, 0x10, 6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1, 6, 5, 0x2B, 0x81, 4, 0, 0x22, 3, 0x62, 0, 4,
    ]

    private static func algorithm(
        of key: borrowing KeyHandle, _ der: [UInt8]
    ) throws(CryptographyError) -> SignatureAlgorithm {
        if der.starts(with: ed25519) && der.count == ed25519.count + 32 { return .ed25519 }
        if der.starts(with: p256) && der.count == p256.count + 64 { return .ecdsaP256 }
        if der.starts(with: p384) && der.count == p384.count + 96 { return .ecdsaP384 }
        guard key.isRSA else {
            throw CryptographyError(
                .unsupportedKey,
                "cannot use this key: only Ed25519, RSA, and P-256 and P-384 with uncompressed points are supported")
        }
        guard key.bits >= minimumRSABits else {
            throw CryptographyError(
                .unsupportedKey, "cannot use an RSA key of \(key.bits) bits: at least \(minimumRSABits) are needed")
        }
        return .rsaPSS
    }
}
