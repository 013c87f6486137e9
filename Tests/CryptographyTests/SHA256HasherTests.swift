import Cryptography
import OCI
import Testing

@Suite struct SHA256HasherTests {
    @Test(arguments: [
        (text: "", hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func agreesWithTheStandardsExamples(text: String, hex: String) {
        #expect(SHA256Hasher.digest(of: Array(text.utf8)).hex == hex)
    }

    @Test func givesTheSameDigestForAnySplit() {
        let bytes = (0..<200).map { UInt8($0) }
        let expected = SHA256Hasher.digest(of: bytes)
        for position in 0...bytes.count {
            var hasher = SHA256Hasher()
            hasher.update(Array(bytes[..<position]))
            hasher.update(Array(bytes[position...]))
            #expect(hasher.finish() == expected)
        }
    }

    @Test func startsAgain() {
        var hasher = SHA256Hasher()
        hasher.update([1, 2, 3])
        #expect(hasher.finishAndReset() == SHA256Hasher.digest(of: [1, 2, 3]))
        hasher.update([4])
        hasher.reset()
        hasher.update([5])
        #expect(hasher.finishAndReset() == SHA256Hasher.digest(of: [5]))
        #expect(hasher.finish() == SHA256Hasher.digest(of: []))
    }
}
