import BundleFormat
import OCI
import StrictJSON
import Testing

@Suite struct BundleManifestTests {
    private static func hex(_ digit: String) -> String { String(repeating: digit, count: 64) }
    private static func sha(_ digit: String) -> String { "sha256:" + hex(digit) }
    private static func digest(_ digit: String) throws -> Digest { try Digest(parsing: sha(digit)) }

    /// Every member of docs/format.md section 5, written by hand.
    static let text =
        #"{"channel":"stable","created":"2024-01-02T03:04:05Z","documents":["#
        + #"{"digest":"\#(sha("1"))","mediaType":"application/vnd.oci.image.manifest.v1+json","size":2},"#
        + #"{"digest":"\#(sha("2"))","mediaType":"application/vnd.oci.image.config.v1+json","size":3}],"#
        + #""format":1,"images":[{"groups":["a","b"],"manifests":["\#(sha("1"))"],"#
        + #""names":["registry.example.com/team/app:1","docker.io/library/app:2"],"priority":5,"#
        + #""reference":"${R}team/\"app\"\\:1é","root":"\#(sha("1"))","tags":"keep"}],"#
        + #""index":{"digest":"\#(sha("3"))","size":20},"layers":["#
        + #"{"diffID":"\#(sha("4"))","digest":"\#(sha("4"))","encoding":{"type":"identity"},"size":10,"stream":"\#(sha("4"))"},"#
        + #"{"diffID":"\#(sha("6"))","digest":"\#(sha("5"))","encoding":{"compression":"gzip","type":"verbatim"},"size":11,"stream":"\#(sha("5"))"},"#
        + #"{"diffID":"\#(sha("6"))","digest":"\#(sha("7"))","encoding":{"compression":"zstd","type":"verbatim"},"size":12,"stream":"\#(sha("7"))"},"#
        + #"{"digest":"\#(sha("8"))","encoding":{"compression":"none","type":"verbatim"},"size":0,"stream":"\#(sha("8"))"}],"#
        + #""packs":[{"digest":"\#(sha("9"))","size":100},{"digest":"\#(sha("a"))","size":1,"volume":2},"#
        + #"{"bundle":"\#(hex("b"))","digest":"\#(sha("c"))","size":2147483648}],"product":"demo","#
        + #""requires":[{"channel":"stable","product":"base","statement":"\#(hex("b"))","version":3}],"#
        + #""version":7,"volumes":2}"# + "\n"

    @Test func aManifestIsReadAndWrittenAsTheFormatSays() throws {
        let manifest = try BundleManifest(parsing: Array(Self.text.utf8))
        #expect(manifest.product == "demo")
        #expect(manifest.channel == "stable")
        #expect(manifest.version == 7)
        #expect(manifest.created.description == "2024-01-02T03:04:05Z")
        #expect(manifest.documents.map(\.size) == [2, 3])
        #expect(manifest.documents.map(\.mediaType) == [.ociManifest, .ociConfig])
        #expect(manifest.index == FileSum(digest: try Self.digest("3"), size: 20))
        let image = try #require(manifest.images.first)
        #expect(image.reference == "${R}team/\"app\"\\:1é")
        #expect(image.root == (try Self.digest("1")))
        #expect(image.names.map(\.description) == ["registry.example.com/team/app:1", "docker.io/library/app:2"])
        #expect(image.groups == ["a", "b"])
        #expect(image.priority == 5)
        #expect(image.tagPolicy == .keep)
        #expect(manifest.layers.map(\.encoding) == [.identity, .verbatim(.gzip), .verbatim(.zstd), .verbatim(nil)])
        #expect(manifest.layers.map(\.size) == [10, 11, 12, 0])
        #expect(manifest.layers[3].diffID == nil)
        #expect(manifest.layer(try Self.digest("7"))?.size == 12)
        #expect(manifest.layer(try Self.digest("6")) == nil)
        #expect(manifest.packs.map(\.place) == [.here, .volume(2), .bundle(try Self.digest("b"))])
        #expect(manifest.requires.map(\.product) == ["base"])
        #expect(manifest.volumes == 2)
        #expect(String(decoding: manifest.bytes(), as: UTF8.self) == Self.text)
        let again = BundleManifest(
            product: manifest.product, channel: manifest.channel, version: manifest.version, created: manifest.created,
            documents: manifest.documents.reversed(), images: manifest.images, index: manifest.index,
            layers: manifest.layers.reversed(), packs: manifest.packs, requires: manifest.requires,
            volumes: manifest.volumes)
        #expect(String(decoding: again.bytes(), as: UTF8.self) == Self.text)
    }

    @Test func aManifestWithoutOptionalMembersIsReadAndWritten() throws {
        let text =
            #"{"channel":"c","created":"2024-01-02T03:04:05Z","documents":[],"format":1,"images":[],"index":"#
            + #"{"digest":"\#(Self.sha("3"))","size":20},"layers":[],"packs":[],"product":"p","version":1}"# + "\n"
        let manifest = try BundleManifest(parsing: Array(text.utf8))
        #expect(manifest.volumes == nil)
        #expect(manifest.requires.isEmpty)
        #expect(String(decoding: manifest.bytes(), as: UTF8.self) == text)
    }

    private static let form: [TextChange] = [
        TextChange("no final line feed", "}\n", "}"), TextChange("two line feeds", "}\n", "}\n\n"),
        TextChange("white space", #"{"channel":"#, #"{ "channel":"#),
        TextChange("a tab", #""format":1"#, "\"format\":\t1"),
        TextChange("members not sorted", #""product":"demo","#, ""),
        TextChange("a member twice", #""version":7,"#, #""version":7,"version":7,"#),
        TextChange("a member twice, escaped", #""version":7,"#, #""version":7,"versio\u006e":7,"#),
        TextChange("an inner member twice", #""size":20}"#, #""size":20,"size":20}"#),
        TextChange("a needless escape", #""demo""#, #""d\u0065mo""#),
        TextChange("an escaped slash", "${R}team/", #"${R}team\/"#),
        TextChange("an escaped letter", "é", #"\u00e9"#), TextChange("a fraction", #""version":7"#, #""version":7.0"#),
        TextChange("an exponent", #""size":20"#, #""size":2e1"#),
        TextChange("a leading zero", #""size":20"#, #""size":020"#),
        TextChange("a string for a number", #""version":7"#, #""version":"7""#),
        TextChange("a byte order mark", #"{"channel""#, "\u{FEFF}{\"channel\""),
        TextChange("a comment", #"{"channel""#, #"/**/{"channel""#),
        TextChange("a trailing comma", #""volumes":2"#, #""volumes":2,"#),
        TextChange("null", #""volumes":2"#, #""volumes":null"#),
        TextChange("more after the end", "}\n", "}{}\n"), TextChange("a stray surrogate", "é", #"\ud800"#),
        TextChange("too deep", #""demo""#, String(repeating: "[", count: 17) + String(repeating: "]", count: 17)),
    ]

    private static let members: [TextChange] = [
        TextChange("an unknown member", #""volumes":2}"#, #""volumes":2,"x":1}"#),
        TextChange("an unknown member of an image", #""tags":"keep"}"#, #""tags":"keep","x":1}"#),
        TextChange("an unknown member of a layer", #""size":10,"stream""#, #""size":10,"sparse":1,"stream""#),
        TextChange("an unknown member of a document", #""size":2}"#, #""size":2,"x":1}"#),
        TextChange("annotations of a document", #"[{"digest":"#, #"[{"annotations":{},"digest":"#),
        TextChange("an unknown member of a pack", #""size":100}"#, #""size":100,"x":1}"#),
        TextChange("an unknown member of the index", #""size":20}"#, #""size":20,"x":1}"#),
        TextChange("an unknown member of a requirement", #""version":3}"#, #""version":3,"x":1}"#),
        TextChange("an unknown member of identity", #"{"type":"identity"}"#, #"{"level":1,"type":"identity"}"#),
        TextChange(
            "an unknown member of verbatim", #"{"compression":"gzip","type""#,
            #"{"compression":"gzip","level":6,"type""#),
        TextChange("no channel", #""channel":"stable","created""#, #""created""#),
        TextChange("no created", #""created":"2024-01-02T03:04:05Z","#, ""),
        TextChange("no format", #""format":1,"#, ""),
        TextChange("no index", #""index":{"digest":"\#(sha("3"))","size":20},"#, ""),
        TextChange("no product", #""product":"demo","#, ""),
        TextChange("no version", #""version":7,"#, ""), TextChange("no priority", #""priority":5,"#, ""),
        TextChange("no groups", #""groups":["a","b"],"#, ""), TextChange("no root", #""root":"\#(sha("1"))","#, ""),
        TextChange("no tags", #","tags":"keep""#, ""),
        TextChange("no compression", #"{"compression":"gzip","type""#, #"{"type""#),
        TextChange("no pack size", #","size":100}"#, "}"),
        TextChange("no media type", #""mediaType":"application/vnd.oci.image.config.v1+json","#, ""),
    ]

    private static let values: [TextChange] = [
        TextChange("a reference with a control character", "é", #"\u001f"#),
        TextChange("a reference with NUL", "é", #"\u0000"#),
        TextChange("a reference with DEL", "é", #"\u007f"#), TextChange("a line feed in a reference", "é", #"\n"#),
        TextChange("a reference that turns the text", "é", "\u{202E}"),
        TextChange("an invisible letter in a reference", "é", "\u{200B}"),
        TextChange("a reference over 4096 bytes", "é", String(repeating: "é", count: 2048)),
        TextChange("an empty reference", #"${R}team/\"app\"\\:1é"#, ""),
        TextChange("a group with an escape", #"["a","b"]"#, #"["a","b\u001b[2J"]"#),
        TextChange("an empty group", #"["a","b"]"#, #"["","b"]"#),
        TextChange("version 0", #""version":7"#, #""version":0"#),
        TextChange("version of 13 digits", #""version":7"#, #""version":1000000000000"#),
        TextChange("a negative version", #""version":7"#, #""version":-7"#),
        TextChange("no time", "2024-01-02T03:04:05Z", "2024-01-02"),
        TextChange("documents not sorted", sha("2"), sha("0")), TextChange("a document twice", sha("2"), sha("1")),
        TextChange("layers not sorted", #""digest":"\#(sha("8"))""#, #""digest":"\#(sha("0"))""#),
        TextChange("a layer twice", #""digest":"\#(sha("8"))""#, #""digest":"\#(sha("7"))""#),
        TextChange("groups not sorted", #"["a","b"]"#, #"["b","a"]"#),
        TextChange("no names", #"["registry.example.com/team/app:1","docker.io/library/app:2"]"#, "[]"),
        TextChange("a short name", "docker.io/library/app:2", "app:2"),
        TextChange("a name without a tag", "docker.io/library/app:2", "docker.io/library/app"),
        TextChange(
            "a manifest twice", #""manifests":["\#(sha("1"))"]"#, #""manifests":["\#(sha("1"))","\#(sha("1"))"]"#),
        TextChange("no manifests", #""manifests":["\#(sha("1"))"]"#, #""manifests":[]"#),
        TextChange("priority 10001", #""priority":5"#, #""priority":10001"#),
        TextChange("a negative priority", #""priority":5"#, #""priority":-1"#),
        TextChange("an unknown tag policy", #""tags":"keep""#, #""tags":"Keep""#),
        TextChange("another algorithm", sha("3"), "sha512:" + hex("3") + hex("3")),
        TextChange("upper-case hex", sha("3"), "sha256:" + hex("A")),
        TextChange("a short digest", sha("3"), "sha256:3"), TextChange("a bare digest", sha("3"), hex("3")),
        TextChange("a negative size", #""size":20"#, #""size":-20"#),
        TextChange("a size over 64 bits", #""size":20"#, #""size":99999999999999999999"#),
        TextChange("identity with another diffID", #"{"diffID":"\#(sha("4"))""#, #"{"diffID":"\#(sha("0"))""#),
        TextChange("identity without a diffID", #"{"diffID":"\#(sha("4"))","#, "{"),
        TextChange("identity with another stream", #""stream":"\#(sha("4"))""#, #""stream":"\#(sha("0"))""#),
        TextChange("verbatim with another stream", #""stream":"\#(sha("5"))""#, #""stream":"\#(sha("6"))""#),
        TextChange(
            "gzip without a diffID", #"{"diffID":"\#(sha("6"))","digest":"\#(sha("5"))""#, #"{"digest":"\#(sha("5"))""#),
        TextChange(
            "none with a diffID", #"{"digest":"\#(sha("8"))""#, #"{"diffID":"\#(sha("8"))","digest":"\#(sha("8"))""#),
        TextChange("an empty pack", #""size":100}"#, #""size":0}"#),
        TextChange("a pack over 2 GiB", "2147483648", "2147483649"),
        TextChange("a pack in two places", #""size":1,"volume":2"#, #""bundle":"\#(hex("b"))","size":1,"volume":2"#),
        TextChange("volume 0", #""volume":2"#, #""volume":0"#),
        TextChange("a volume that is not there", #""volume":2"#, #""volume":3"#),
        TextChange("one volume", #""volumes":2"#, #""volumes":1"#),
        TextChange(
            "a pack in a bundle that is not required", #"{"bundle":"\#(hex("b"))""#, #"{"bundle":"\#(hex("0"))""#),
        TextChange("a bundle with its algorithm", #"{"bundle":"\#(hex("b"))""#, #"{"bundle":"\#(sha("b"))""#),
        TextChange(
            "requires nothing",
            #""requires":[{"channel":"stable","product":"base","statement":"\#(hex("b"))","version":3}]"#,
            #""requires":[]"#),
    ]

    @Test(arguments: form + members + values)
    func whatTheFormatDoesNotAllowIsDamage(_ change: TextChange) throws {
        var bytes = try change.applied(to: Self.text)
        if change.name == "members not sorted" { bytes = Array("{\"product\":\"demo\",".utf8) + bytes.dropFirst() }
        if change.name == "requires nothing" {
            let text = String(decoding: bytes, as: UTF8.self)
                .replacing(#",{"bundle":"\#(Self.hex("b"))","digest":"\#(Self.sha("c"))","size":2147483648}"#, with: "")
            bytes = Array(text.utf8)
        }
        #expect(throws: BundleError(.damaged, "")) { try BundleManifest(parsing: bytes) }
    }

    @Test(arguments: [
        TextChange("format 2", #""format":1"#, #""format":2"#),
        TextChange("format 2 with new members", #""format":1,"#, #""format":2,"future":true,"#),
        TextChange("a future encoding", #"{"type":"identity"}"#, #"{"type":"brotli"}"#),
        TextChange("a future encoding with members", #"{"type":"identity"}"#, #"{"level":3,"type":"zstd-seekable"}"#),
        TextChange("a future compression", #""compression":"gzip""#, #""compression":"xz""#),
    ])
    func whatALaterVersionWritesIsUnsupported(_ change: TextChange) throws {
        let bytes = try change.applied(to: Self.text)
        #expect(throws: BundleError(.unsupported, "")) { try BundleManifest(parsing: bytes) }
    }

    @Test(arguments: [[], Array("[]\n".utf8), Array("null\n".utf8), Array("{}\n".utf8), [0xFF, 0x0A]])
    func otherBytesAreDamage(_ bytes: [UInt8]) {
        #expect(throws: BundleError(.damaged, "")) { try BundleManifest(parsing: bytes) }
    }

    @Test func textThatIsNotUTF8IsDamage() throws {
        let parts = try #require(Self.text.utf8.firstIndex(of: 0xC3))
        let bytes = Array(Self.text.utf8[..<parts]) + Array(Self.text.utf8[parts...].dropFirst())
        #expect(throws: BundleError(.damaged, "")) { try BundleManifest(parsing: bytes) }
    }
}
