/// A key that signs; keep its PEM file readable by its owner only.
public struct PrivateKey: Sendable {
    /// The key that verifies its signatures.
    public let publicKey: PublicKey
    private let der: [UInt8]

    /// What its signatures are made with.
    public var algorithm: SignatureAlgorithm { publicKey.algorithm }

    /// Makes a new key; RSA keys have 3072 bits.
    public static func generate(_ algorithm: SignatureAlgorithm) throws(CryptographyError) -> PrivateKey {
        try PrivateKey(KeyHandle(generating: algorithm))
    }

    /// Reads a PEM file with exactly one PKCS#8 key (`BEGIN PRIVATE KEY` or `BEGIN ENCRYPTED PRIVATE KEY`).
    ///
    /// - Parameters:
    ///   - pem: the bytes of the file.
    ///   - passphrase: opens an encrypted key; unused for others.
    /// - Throws: `CryptographyError`; `invalidKey` for other bytes or a missing or wrong passphrase, `unsupportedKey` for
    ///   algorithms that `PublicKey` does not take.
    public init(pem: [UInt8], passphrase: [UInt8]? = nil) throws(CryptographyError) {
        let block = try PEMBlock(parsing: pem)
        switch block.label {
        case Self.label: try self.init(KeyHandle.privateKey(block.content))
        case "ENCRYPTED " + Self.label:
            guard let passphrase else {
                throw CryptographyError(
                    .invalidKey,
                    "cannot read an encrypted private key without its passphrase; give it with --passphrase-file")
            }
            try self.init(KeyHandle.encryptedPrivateKey(block.content, passphrase: passphrase))
        default:
            throw CryptographyError(
                .invalidKey,
                "cannot read a private key: the file holds a '\(block.label)', not a '\(Self.label)';"
                    + " `openssl pkcs8 -topk8 -nocrypt -in FILE` converts other forms")
        }
    }

    private init(_ key: consuming KeyHandle) throws(CryptographyError) {
        self.publicKey = try PublicKey(der: key.publicDER())
        self.der = try key.privateDER()
    }

    /// The PEM file, unencrypted.
    public var pem: [UInt8] { PEMBlock(label: Self.label, content: der).text }

    /// Signs a message: the raw 64 bytes of Ed25519, DER for ECDSA, the modulus' size for RSA.
    ///
    /// Ed25519 gives the same signature each time, the others a new one.
    ///
    /// - Throws: `CryptographyError` with code `signingFailed`.
    public func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let key = try KeyHandle.privateKey(der)
        return try SignatureContext().sign(message, with: key, algorithm)
    }

    private static let label = "PRIVATE KEY"
}
