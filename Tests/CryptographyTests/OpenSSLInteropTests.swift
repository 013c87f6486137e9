import Cryptography
import OCI
import TestSupport
import Testing

/// The commands are those that an auditor uses without our program.
@Suite(.enabled(if: Toolbox.has("openssl"))) struct OpenSSLInteropTests {
    private let message = Array("oci-bundle-statement v1\nproduct: example\n".utf8)

    private static func generate(_ algorithm: SignatureAlgorithm) -> String {
        let options =
            switch algorithm {
            case .ed25519: "-algorithm ED25519"
            case .ecdsaP256: "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"
            case .ecdsaP384: "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"
            case .rsaPSS: "-algorithm RSA -pkeyopt rsa_keygen_bits:3072"
            }
        return "openssl genpkey \(options) -out key && openssl pkey -in key -pubout -out pub"
    }

    private static func verify(_ algorithm: SignatureAlgorithm) -> String {
        let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32"
        return switch algorithm {
        case .ed25519: "openssl pkeyutl -verify -rawin -pubin -inkey pub -sigfile sig -in message"
        case .ecdsaP256: "openssl dgst -sha256 -verify pub -signature sig message"
        case .ecdsaP384: "openssl dgst -sha384 -verify pub -signature sig message"
        case .rsaPSS: "openssl dgst -sha256 \(pss) -verify pub -signature sig message"
        }
    }

    private static func sign(_ algorithm: SignatureAlgorithm, salt: Int = 32) -> String {
        let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:\(salt)"
        return switch algorithm {
        case .ed25519: "openssl pkeyutl -sign -rawin -inkey key -out sig -in message"
        case .ecdsaP256: "openssl dgst -sha256 -sign key -out sig message"
        case .ecdsaP384: "openssl dgst -sha384 -sign key -out sig message"
        case .rsaPSS: "openssl dgst -sha256 \(pss) -sign key -out sig message"
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func itVerifiesOurSignatures(algorithm: SignatureAlgorithm) async throws {
        let directory = try TemporaryDirectory()
        let key = try PrivateKey.generate(algorithm)
        try directory.write(message, to: "message")
        try directory.write(key.sign(message), to: "sig")
        try directory.write(key.publicKey.pem, to: "pub")
        try directory.write(key.pem, to: "key")
        #expect(try await directory.shell(Self.verify(algorithm)))
        #expect(try await directory.shell("openssl pkey -in key -pubout -out again && cmp pub again"))
        #expect(try await directory.shell("openssl pkey -in key -out again && cmp key again"))
        #expect(
            try await directory.shell(
                "openssl pkey -pubin -in pub -outform DER | sha256sum | grep -q \(key.publicKey.id.hex)"))
        try directory.write(message + [0], to: "message")
        #expect(try await !directory.shell(Self.verify(algorithm)))
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func weVerifyItsSignatures(algorithm: SignatureAlgorithm) async throws {
        let directory = try TemporaryDirectory()
        try directory.write(message, to: "message")
        #expect(try await directory.shell(Self.generate(algorithm) + " && " + Self.sign(algorithm)))
        let key = try PublicKey(pem: directory.read("pub"))
        #expect(key.algorithm == algorithm)
        #expect(try key.isValid(signature: directory.read("sig"), of: message))
        #expect(try !key.isValid(signature: directory.read("sig"), of: message + [0]))
        let ours = try PrivateKey(pem: directory.read("key"))
        #expect(ours.publicKey == key)
        #expect(try ours.pem == directory.read("key"))
        #expect(try key.isValid(signature: ours.sign(message), of: message))
    }

    @Test(arguments: [0, 20, 64]) func refusesOtherSalts(salt: Int) async throws {
        let directory = try TemporaryDirectory()
        try directory.write(message, to: "message")
        #expect(try await directory.shell(Self.generate(.rsaPSS) + " && " + Self.sign(.rsaPSS, salt: salt)))
        let key = try PublicKey(pem: directory.read("pub"))
        #expect(try !key.isValid(signature: directory.read("sig"), of: message))
    }

    @Test(arguments: [
        "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "-algorithm X25519", "-algorithm ED448",
        "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:3072",
    ])
    func refusesOtherKeys(options: String) async throws {
        let directory = try TemporaryDirectory()
        #expect(
            try await directory.shell("openssl genpkey \(options) -out key && openssl pkey -in key -pubout -out pub"))
        #expect(throws: CryptographyError(.unsupportedKey, "")) { _ = try PublicKey(pem: directory.read("pub")) }
        #expect(throws: CryptographyError(.unsupportedKey, "")) { _ = try PrivateKey(pem: directory.read("key")) }
    }

    @Test func refusesOtherEncodingsOfAKey() async throws {
        let directory = try TemporaryDirectory()
        #expect(try await directory.shell(Self.generate(.ecdsaP256)))
        #expect(try await directory.shell("openssl ec -in key -pubout -conv_form compressed -out compressed"))
        #expect(try await directory.shell("openssl ec -in key -pubout -param_enc explicit -out explicit"))
        #expect(throws: CryptographyError(.unsupportedKey, "")) { _ = try PublicKey(pem: directory.read("compressed")) }
        #expect(throws: CryptographyError.self) { _ = try PublicKey(pem: directory.read("explicit")) }
        #expect(
            try await directory.shell("{ openssl pkey -pubin -in pub -outform DER; printf x; } | base64 -w 64 > body"))
        #expect(
            try await directory.shell(
                "{ echo '-----BEGIN PUBLIC KEY-----'; cat body; echo '-----END PUBLIC KEY-----'; } > longer"))
        #expect(throws: CryptographyError(.invalidKey, "")) { _ = try PublicKey(pem: directory.read("longer")) }
        #expect(try await directory.shell("openssl ec -in key -out sec1"))
        #expect(throws: CryptographyError(.invalidKey, "")) { _ = try PrivateKey(pem: directory.read("sec1")) }
    }

    @Test func opensEncryptedKeysWithTheirPassphraseOnly() async throws {
        let directory = try TemporaryDirectory()
        #expect(try await directory.shell(Self.generate(.ed25519)))
        #expect(try await directory.shell("openssl pkcs8 -topk8 -in key -passout pass:secret -out encrypted"))
        let key = try PrivateKey(pem: directory.read("encrypted"), passphrase: Array("secret".utf8))
        #expect(try key.pem == directory.read("key"))
        for passphrase in [nil, [], Array("wrong".utf8), Array("secret\0".utf8)] as [[UInt8]?] {
            #expect(throws: CryptographyError(.invalidKey, "")) {
                _ = try PrivateKey(pem: directory.read("encrypted"), passphrase: passphrase)
            }
        }
    }
}
