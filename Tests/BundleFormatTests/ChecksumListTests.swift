import BundleFormat
import OCI
import Testing

@Suite struct ChecksumListTests {
    static let one = String(repeating: "1", count: 64)
    static let two = String(repeating: "2", count: 64)
    static let three = String(repeating: "3", count: 64)

    static let text = """
        \(three)  README.txt
        \(one)  blobs/sha256/\(one)
        \(two)  blobs/sha256/\(two)
        \(three)  manifest.json

        """

    @Test func sumsAreReadAndWrittenAsSha256sumDoes() throws {
        let list = try ChecksumList(parsing: Array(Self.text.utf8))
        #expect(
            list.digests == [
                "README.txt": try #require(Digest(hex: Self.three)),
                "manifest.json": try #require(Digest(hex: Self.three)),
                "blobs/sha256/\(Self.one)": try #require(Digest(hex: Self.one)),
                "blobs/sha256/\(Self.two)": try #require(Digest(hex: Self.two)),
            ])
        #expect(String(decoding: ChecksumList(digests: list.digests).bytes(), as: UTF8.self) == Self.text)
    }

    private static let changes: [TextChange] = [
        TextChange("no final line feed", "manifest.json\n", "manifest.json"),
        TextChange("an empty line", "README.txt\n", "README.txt\n\n"),
        TextChange("an empty line at the end", "manifest.json\n", "manifest.json\n\n"),
        TextChange("one space", "  README", " README"), TextChange("three spaces", "  README", "   README"),
        TextChange("binary mode", "  README", " *README"), TextChange("a tab", "  README", "\t README"),
        TextChange("a carriage return", "README.txt\n", "README.txt\r\n"),
        TextChange("escaped", "\(three)  README", "\\\(three)  README"),
        TextChange("upper-case digest", "\(three)  README", "\(String(repeating: "A", count: 64))  README"),
        TextChange("short digest", "\(three)  README", "333  README"),
        TextChange("no path", "  README.txt\n", "\n"), TextChange("an empty path", "README.txt\n", "\n"),
        TextChange("a leading dot", "README.txt", "./README.txt"), TextChange("absolute", "README.txt", "/README.txt"),
        TextChange("another case", "README.txt", "README.TXT"), TextChange("another file", "README.txt", "README"),
        TextChange("the statement", "README.txt", "STATEMENT"), TextChange("itself", "README.txt", "SHA256SUMS"),
        TextChange("a signature", "\(three)  manifest.json", "\(three)  sig/\(three).ed25519"),
        TextChange("out of the bundle", "README.txt", "../README.txt"),
        TextChange("hex that differs", "\(one)  blobs/sha256/\(one)", "\(three)  blobs/sha256/\(one)"),
        TextChange("another folder", "blobs/sha256/\(one)", "blobs/sha512/\(one)"),
        TextChange("a deeper path", "blobs/sha256/\(two)", "blobs/sha256/\(two)/\(two)"),
        TextChange("twice", "\(three)  README.txt\n", "\(three)  README.txt\n\(three)  README.txt\n"),
        TextChange("twice with other digests", "\(three)  README.txt\n", "\(two)  README.txt\n\(three)  README.txt\n"),
        TextChange(
            "not sorted", "\(one)  blobs/sha256/\(one)\n\(two)  blobs/sha256/\(two)\n",
            "\(two)  blobs/sha256/\(two)\n\(one)  blobs/sha256/\(one)\n"),
        TextChange("a byte order mark", "\(three)  README", "\u{FEFF}\(three)  README"),
        TextChange("a zero byte", "README.txt", "README.txt\u{0}"),
    ]

    @Test(arguments: changes)
    func whatTheFormatDoesNotAllowIsDamage(_ change: TextChange) throws {
        let bytes = try change.applied(to: Self.text)
        #expect(throws: BundleError(.damaged, "")) { try ChecksumList(parsing: bytes) }
    }

    @Test(arguments: [[], [0x0A], Array("\(one)  ".utf8) + [0xFF, 0x0A]])
    func otherBytesAreDamage(_ bytes: [UInt8]) {
        #expect(throws: BundleError(.damaged, "")) { try ChecksumList(parsing: bytes) }
    }
}
