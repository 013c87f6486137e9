import OCI
import Testing

@Suite struct DigestTests {
    private static let hex = "00112233445566778899aabbccddeeff0123456789abcdef0f1e2d3c4b5a6978"

    @Test func spellingsComeBack() throws {
        let digest = try Digest(parsing: "sha256:" + Self.hex)
        #expect(digest.hex == Self.hex)
        #expect(digest.description == "sha256:" + Self.hex)
        #expect(digest.bytes.count == Digest.byteCount)
        #expect(digest.bytes.prefix(3) == [0x00, 0x11, 0x22])
        #expect(digest.bytes.last == 0x78)
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(Digest(hex: Self.hex) == digest)
        #expect(Digest(hex: "x\(Self.hex)".dropFirst()) == digest)
    }

    private static let wrong: [(String, String)] = [
        ("nothing", ""), ("no algorithm", hex), ("no digits", "sha256:"),
        ("one digit less", "sha256:\(hex.dropLast())"),
        ("one digit more", "sha256:\(hex)0"), ("upper case", "sha256:\(hex.uppercased())"),
        ("algorithm in upper case", "SHA256:\(hex)"), ("another algorithm", "sha512:\(hex)\(hex)"),
        ("sha384", "sha384:\(hex)"), ("a dash", "sha256-\(hex)"),
        ("no letter of hex", "sha256:\(hex.dropLast())g"),
        ("a space before", " sha256:\(hex)"), ("a space after", "sha256:\(hex) "),
        ("a line feed after", "sha256:\(hex)\n"),
        ("NUL after", "sha256:\(hex)\u{0}"), ("a sign", "sha256:+\(hex.dropFirst())"),
        ("0x", "sha256:0x\(hex.dropFirst(2))"),
        ("full-width digits", "sha256:\(hex.replacing("0", with: "\u{FF10}"))"),
        ("two colons", "sha256::\(hex.dropFirst())"),
        ("a combining mark on the colon", "sha256:\u{301}\(hex)"),
        ("a joiner after the colon", "sha256:\u{200D}\(hex)"),
        ("a combining mark at the end", "sha256:\(hex)\u{301}"), ("an algorithm with parts", "sha256+b64:\(hex)"),
        ("a Greek question mark", "sha256\u{37E}\(hex)"),
        ("only zeros missing", "sha256:\(String(repeating: "0", count: 63))"),
    ]

    @Test(arguments: wrong) func otherSpellingsAreRefused(label: String, text: String) {
        #expect(throws: OCIError(.invalidDigest, ""), "\(label)") { _ = try Digest(parsing: text) }
    }

    @Test(arguments: [
        "", "sha256:", "0", "\(hex)0", String(hex.dropLast()), hex.uppercased(), "\(hex.dropLast())\u{661}",
    ])
    func otherHexIsNil(text: String) { #expect(Digest(hex: text) == nil) }

    @Test func theOrderIsThatOfTheSpelling() throws {
        let texts = ["00", "0f", "7f", "80", "ff"].flatMap { start in
            ["00", "01", "ff"].map { start + String(repeating: "3", count: 60) + $0 }
        }
        let digests = texts.compactMap { Digest(hex: $0) }
        #expect(digests.count == texts.count)
        #expect(digests.shuffled().sorted().map(\.hex) == texts)
        #expect(Set(digests).count == texts.count)
        #expect(digests.map { DiffID($0) }.shuffled().sorted().map(\.digest) == digests)
    }

    @Test func digestsThatShareTheirFirstBytesDiffer() throws {
        for position in 0..<Digest.byteCount {
            var bytes = [UInt8](repeating: 7, count: Digest.byteCount)
            let one = Digest(bytes: bytes)
            bytes[position] ^= 1
            #expect(Digest(bytes: bytes) != one)
            #expect(Digest(bytes: bytes) < one)
        }
    }

    @Test func aDiffIDIsSpelledAsItsDigest() throws {
        let digest = try Digest(parsing: "sha256:" + Self.hex)
        #expect(DiffID(digest).description == digest.description)
        #expect(DiffID(digest) == DiffID(digest))
    }
}
