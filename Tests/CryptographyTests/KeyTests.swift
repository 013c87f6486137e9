import Cryptography
import OCI
import Testing

@Suite struct KeyTests {
    private let message = Array("the message".utf8)

    @Test(arguments: SignatureAlgorithm.allCases)
    func keepsKeysAndVerifiesItsOwnSignatures(algorithm: SignatureAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        #expect(key.algorithm == algorithm)
        let again = try PrivateKey(pem: key.pem)
        let publicKey = try PublicKey(pem: key.publicKey.pem)
        #expect(again.pem == key.pem)
        #expect(publicKey == key.publicKey)
        #expect(publicKey.signatureFileName == publicKey.id.hex + "." + algorithm.fileExtension)
        #expect(try publicKey.isValid(signature: again.sign(message), of: message))
        #expect(try publicKey.isValid(signature: again.sign([]), of: []))
        #expect(try !publicKey.isValid(signature: PrivateKey.generate(algorithm).sign(message), of: message))
        #expect(!publicKey.isValid(signature: [], of: message))
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func refusesEveryFlippedBit(algorithm: SignatureAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        let signature = try key.sign(message)
        for position in signature.indices {
            for bit in 0..<8 {
                var damaged = signature
                damaged[position] ^= 1 << bit
                #expect(!key.publicKey.isValid(signature: damaged, of: message))
            }
        }
        for position in message.indices {
            for bit in 0..<8 {
                var damaged = message
                damaged[position] ^= 1 << bit
                #expect(!key.publicKey.isValid(signature: signature, of: damaged))
            }
        }
        for length in 0..<signature.count {
            #expect(!key.publicKey.isValid(signature: Array(signature[..<length]), of: message))
        }
        #expect(!key.publicKey.isValid(signature: signature + [0], of: message))
    }

    @Test func namesAlgorithmsAndFiles() {
        #expect(SignatureAlgorithm.allCases.map(\.rawValue) == ["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-pss"])
        #expect(
            SignatureAlgorithm.allCases.map(\.fileExtension)
                == ["ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "rsa-pss-sha256"])
    }

    @Test func readsOneBlockAndNothingElse() throws {
        let key = try PrivateKey.generate(.ecdsaP256)
        let text = String(decoding: key.publicKey.pem, as: UTF8.self)
        let lines = text.split(separator: "\n")
        let accepted = [String(text.dropLast()), text.replacing("\n", with: "\r\n")]
        for pem in accepted { #expect(try PublicKey(pem: Array(pem.utf8)) == key.publicKey) }
        let refused = [
            "", "\n" + text, " " + text, "# comment\n" + text, text + "\n", text + " ", text + text, text + "x",
            String(decoding: key.pem, as: UTF8.self), text.replacing("PUBLIC", with: "RSA PUBLIC"),
            text.replacing("KEY", with: "\u{212A}EY"), text.replacing("M", with: "!"),
            text.replacing(lines[1], with: lines[1].dropLast()), text.replacing(lines[1], with: ""),
            text.replacing(lines[1], with: "Header: x\n\n" + lines[1]),
            text.replacing(lines[2], with: "AAAA" + lines[2]),
            text.replacing("=", with: ""), "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
            "-----BEGIN PUBLIC KEY-----", String(repeating: "a", count: 40_000),
        ]
        for pem in refused {
            #expect(throws: CryptographyError(.invalidKey, ""), "\(pem.prefix(300))") {
                _ = try PublicKey(pem: Array(pem.utf8))
            }
        }
        #expect(throws: CryptographyError(.invalidKey, "")) { _ = try PrivateKey(pem: key.publicKey.pem) }
    }

    @Test func refusesEveryOtherEncodingOfAKey() throws {
        let key = try PrivateKey.generate(.ed25519).publicKey
        for position in 5..<key.pem.count {
            var pem = key.pem
            pem[position] ^= 1
            // Another key may come out, the same one never.
            if let other = try? PublicKey(pem: pem) { #expect(other != key && other.id != key.id) }
        }
    }
}
