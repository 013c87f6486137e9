/// The algorithms of format version 1; the raw values are the names on the command line.
public enum SignatureAlgorithm: String, CaseIterable, Sendable {
    /// Ed25519, RFC 8032.
    case ed25519 = "ed25519"
    /// ECDSA on P-256 with SHA-256; signatures are DER.
    case ecdsaP256 = "ecdsa-p256"
    /// ECDSA on P-384 with SHA-384; signatures are DER.
    case ecdsaP384 = "ecdsa-p384"
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes; at least 3072 bits.
    case rsaPSS = "rsa-pss"

    /// How signature files of this algorithm end, without the dot.
    public var fileExtension: String {
        switch self {
        case .ed25519: "ed25519"
        case .ecdsaP256: "ecdsa-p256-sha256"
        case .ecdsaP384: "ecdsa-p384-sha384"
        case .rsaPSS: "rsa-pss-sha256"
        }
    }
}
