import BundleFormat
import OCI
import Testing

@Suite struct StatementTests {
    static let one = String(repeating: "1", count: 64)
    static let two = String(repeating: "2", count: 64)

    /// Every line of docs/format.md section 3, written by hand.
    static let full = """
        oci-bundle-statement v1
        product: demo
        channel: stable-2.0_x
        version: 999999999999
        created: 2024-01-02T03:04:05Z
        min-version: 3
        not-after: 2034-12-31T23:59:59Z
        manifest.json: \(one) 5879
        SHA256SUMS: \(two) 0

        """

    static let short = """
        oci-bundle-statement v1
        product: demo
        channel: stable
        version: 7
        created: 2024-01-02T03:04:05Z
        manifest.json: \(one) 10
        SHA256SUMS: \(two) 20

        """

    @Test func aStatementIsReadAndWrittenAsTheFormatSays() throws {
        let statement = try Statement(parsing: Array(Self.full.utf8))
        #expect(statement.product == "demo")
        #expect(statement.channel == "stable-2.0_x")
        #expect(statement.version == 999_999_999_999)
        #expect(statement.created.description == "2024-01-02T03:04:05Z")
        #expect(statement.minimumVersion == 3)
        #expect(statement.notAfter?.description == "2034-12-31T23:59:59Z")
        #expect(statement.manifest == FileSum(digest: try #require(Digest(hex: Self.one)), size: 5879))
        #expect(statement.checksums == FileSum(digest: try #require(Digest(hex: Self.two)), size: 0))
        let copy = Statement(
            product: statement.product, channel: statement.channel, version: statement.version,
            created: statement.created, minimumVersion: statement.minimumVersion, notAfter: statement.notAfter,
            manifest: statement.manifest, checksums: statement.checksums)
        #expect(String(decoding: copy.bytes(), as: UTF8.self) == Self.full)
    }

    @Test(arguments: [
        ("neither", [String]()), ("min-version", ["min-version: 1"]),
        ("not-after", ["not-after: 2030-01-01T00:00:00Z"]),
        ("both", ["min-version: 12", "not-after: 2030-01-01T00:00:00Z"]),
    ])
    func optionalLinesMayBeAbsent(_ name: String, _ lines: [String]) throws {
        let text = Self.short.replacing(
            "manifest.json:", with: lines.map { $0 + "\n" }.joined() + "manifest.json:")
        let statement = try Statement(parsing: Array(text.utf8))
        #expect(String(decoding: statement.bytes(), as: UTF8.self) == text)
    }

    private static let changes: [TextChange] = [
        TextChange("no final line feed", " 0\n", " 0"),
        TextChange("an empty line at the end", " 0\n", " 0\n\n"),
        TextChange("an empty line inside", "channel", "\nchannel"),
        TextChange("an unknown line at the end", " 0\n", " 0\nmore: 1\n"),
        TextChange("an unknown line inside", "min-version", "more: 1\nmin-version"),
        TextChange("a comment", "version: 9", "# 1\nversion: 9"),
        TextChange("product twice", "channel:", "product: demo\nchannel:"),
        TextChange("min-version twice", "not-after", "min-version: 3\nnot-after"),
        TextChange("sums twice", " 0\n", " 0\nSHA256SUMS: \(two) 0\n"),
        TextChange(
            "optional lines swapped", "min-version: 3\nnot-after: 2034-12-31T23:59:59Z\n",
            "not-after: 2034-12-31T23:59:59Z\nmin-version: 3\n"),
        TextChange(
            "product and channel swapped", "product: demo\nchannel: stable-2.0_x\n",
            "channel: stable-2.0_x\nproduct: demo\n"),
        TextChange(
            "sums before manifest", "manifest.json: \(one) 5879\nSHA256SUMS: \(two) 0\n",
            "SHA256SUMS: \(two) 0\nmanifest.json: \(one) 5879\n"),
        TextChange("no product", "product: demo\n", ""), TextChange("no channel", "channel: stable-2.0_x\n", ""),
        TextChange("no version", "version: 999999999999\n", ""),
        TextChange("no created", "created: 2024-01-02T03:04:05Z\n", ""),
        TextChange("no manifest", "manifest.json: \(one) 5879\n", ""),
        TextChange("no sums", "SHA256SUMS: \(two) 0\n", ""),
        TextChange("a carriage return", "demo\n", "demo\r\n"), TextChange("a tab", "product: ", "product:\t"),
        TextChange("DEL", "demo", "de\u{7F}o"), TextChange("a zero byte", "demo", "de\u{0}o"),
        TextChange("not ASCII", "demo", "dem\u{F6}"), TextChange("a space at an end", "demo\n", "demo \n"),
        TextChange("a space before", "product", " product"), TextChange("two spaces", "product: ", "product:  "),
        TextChange("no space", "product: ", "product:"), TextChange("upper case", "demo", "Demo"),
        TextChange("an empty name", "demo", ""), TextChange("a name from a dot", "demo", ".demo"),
        TextChange("a name from a hyphen", "demo", "-demo"), TextChange("a slash in a name", "demo", "de/mo"),
        TextChange("a name of 65 bytes", "demo", String(repeating: "a", count: 65)),
        TextChange("a version of 13 digits", "999999999999", "1999999999999"),
        TextChange("a version with a leading zero", "999999999999", "07"),
        TextChange("a version with a sign", "999999999999", "+7"),
        TextChange("a negative version", "999999999999", "-7"), TextChange("no number", "999999999999", "x"),
        TextChange("an empty number", "999999999999", ""),
        TextChange("min-version with a leading zero", "min-version: 3", "min-version: 03"),
        TextChange("a time without Z", "03:04:05Z", "03:04:05"), TextChange("a fraction", ":05Z", ":05.5Z"),
        TextChange("an offset", ":05Z", ":05+00:00"), TextChange("lower-case t", "02T03", "02t03"),
        TextChange("February 30", "2024-01-02", "2024-02-30"), TextChange("hour 24", "T03", "T24"),
        TextChange("a digest in upper case", one, String(repeating: "A", count: 64)),
        TextChange("a digest of 63", one, String(repeating: "1", count: 63)),
        TextChange("a digest of 65", one, String(repeating: "1", count: 65)),
        TextChange("a digest with its algorithm", one, "sha256:" + one),
        TextChange("a size with a leading zero", " 5879", " 05879"), TextChange("a negative size", " 5879", " -1"),
        TextChange("no size", " 5879", ""), TextChange("two spaces before a size", " 5879", "  5879"),
        TextChange("a size over 64 bits", " 5879", " 99999999999999999999"),
        TextChange("three fields", " 5879", " 5879 1"),
    ]

    @Test(arguments: changes)
    func whatTheFormatDoesNotAllowIsDamage(_ change: TextChange) throws {
        let bytes = try change.applied(to: Self.full)
        #expect(throws: BundleError(.damaged, "")) { try Statement(parsing: bytes) }
    }

    @Test(arguments: [
        "oci-bundle-statement v2", "oci-bundle-statement v10", "oci-bundle-statement v1 ", "\noci-bundle-statement v1",
    ])
    func anotherFirstLineIsOfAnotherVersion(_ line: String) {
        let text = Self.short.replacing("oci-bundle-statement v1", with: line)
        #expect(throws: BundleError(.unsupported, "")) { try Statement(parsing: Array(text.utf8)) }
    }

    @Test func nothingButBytesUpToTheLimitAreRead() {
        #expect(throws: BundleError(.damaged, "")) { try Statement(parsing: []) }
        #expect(throws: BundleError(.unsupported, "")) { try Statement(parsing: [0x0A]) }
        // A line that would be unknown in any case, so that only the size differs.
        for count in [1024, 1025] {
            let text = Self.short + String(repeating: "x", count: count - Self.short.utf8.count - 1) + "\n"
            #expect(text.utf8.count == count)
            #expect(throws: BundleError(.damaged, "")) { try Statement(parsing: Array(text.utf8)) }
        }
    }

    @Test func theLargestStatementFitsItsLimit() throws {
        let name = String(repeating: "a", count: 64)
        let time = try #require(Timestamp(parsing: "9999-12-31T23:59:59Z"))
        let sum = FileSum(digest: try #require(Digest(hex: Self.one)), size: 999_999_999_999_999)
        let statement = Statement(
            product: name, channel: name, version: 999_999_999_999, created: time, minimumVersion: 999_999_999_999,
            notAfter: time, manifest: sum, checksums: sum)
        #expect(statement.bytes().count <= 1024)
        #expect(try Statement(parsing: statement.bytes()) == statement)
    }
}
