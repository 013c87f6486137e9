import OCI
import StrictJSON
import Testing

@Suite struct PlatformTests {
    @Test(arguments: [
        ("linux/amd64", "linux", "amd64", nil as String?), ("linux/arm/v7", "linux", "arm", "v7"),
        ("windows/amd64", "windows", "amd64", nil), ("linux/386", "linux", "386", nil),
        ("wasip1/wasm", "wasip1", "wasm", nil),
        ("linux/mips64le", "linux", "mips64le", nil), ("unknown/unknown", "unknown", "unknown", nil),
    ]) func spellingsComeBack(text: String, os: String, architecture: String, variant: String?) throws {
        let platform = try Platform(parsing: text)
        #expect(platform == Platform(os: os, architecture: architecture, variant: variant))
        #expect(platform.description == text)
    }

    @Test(arguments: [
        "", "/", "linux", "linux/", "/amd64", "linux//v7", "linux/arm/", "linux/arm/v7/x", "Linux/amd64", "linux/AMD64",
        " linux/amd64", "linux/amd64 ", "linux/amd64\n", "linux\u{0}/amd64", "linux/amd64\u{301}", "l\u{131}nux/amd64",
        "linux/*", "linux\\amd64", "linux/amd64,linux/arm64", "linux(1)/amd64", "linux/\u{FF41}md64",
    ]) func otherTextsAreRefused(text: String) {
        #expect(throws: OCIError(.invalidPlatform, "")) { _ = try Platform(parsing: text) }
    }

    private static let ranks: [(String, String, Int?)] = [
        // An image, a wish, and how well the one serves the other.
        ("linux/amd64", "linux/amd64", 0), ("linux/amd64/v1", "linux/amd64", 0),
        ("linux/amd64", "linux/amd64/v1", 0),
        ("linux/amd64/v2", "linux/amd64", nil), ("linux/amd64/v3", "linux/amd64/v2", nil),
        ("linux/amd64/v3", "linux/amd64/v3", 0),
        ("linux/arm64", "linux/arm64", 0), ("linux/arm64/v8", "linux/arm64", 0), ("linux/arm64", "linux/arm64/v8", 0),
        ("linux/arm64/v9", "linux/arm64", nil), ("linux/arm64/v8", "linux/arm64/v9", nil),
        ("linux/arm/v7", "linux/arm/v7", 0), ("linux/arm/v6", "linux/arm/v7", 1), ("linux/arm/v5", "linux/arm/v7", 2),
        ("linux/arm/v5", "linux/arm/v6", 1), ("linux/arm/v7", "linux/arm/v6", nil),
        ("linux/arm/v8", "linux/arm/v7", nil),
        ("linux/arm", "linux/arm/v7", 0), ("linux/arm", "linux/arm/v6", nil), ("linux/arm/v6", "linux/arm", 1),
        ("linux/arm/v7", "linux/arm", 0), ("linux/arm64", "linux/arm/v7", nil), ("linux/arm/v7", "linux/arm64", nil),
        ("linux/arm/x7", "linux/arm/v7", nil), ("linux/arm/v", "linux/arm/v7", nil),
        ("linux/arm/6", "linux/arm/v7", nil),
        ("linux/riscv64", "linux/riscv64", 0), ("linux/ppc64le/power9", "linux/ppc64le", 1),
        ("linux/ppc64le", "linux/ppc64le/power9", nil), ("windows/amd64", "linux/amd64", nil),
        ("linux/386", "linux/amd64", nil), ("unknown/unknown", "linux/amd64", nil),
    ]

    @Test(arguments: ranks) func anImageServesAWish(image: String, wish: String, rank: Int?) throws {
        #expect(try Platform(parsing: image).rank(for: try Platform(parsing: wish)) == rank)
    }

    @Test(arguments: [
        "v-9223372036854775808", "v-1", "v+6", "v9223372036854775807", "v99999999999999999999", "v6\u{0}", "v\u{0666}",
        "v 6",
        "V6", "v06", "v", "-", "v\u{2075}",
    ]) func aVariantFromAnybodyNeverTrapsNorMatches(variant: String) throws {
        let image = Platform(os: "linux", architecture: "arm", variant: variant)
        for wish in ["linux/arm", "linux/arm/v7", "linux/arm/v8", "linux/arm/v5"] {
            #expect(image.rank(for: try Platform(parsing: wish)) == nil)
            #expect(try Platform(parsing: wish).rank(for: image) == nil)
        }
    }

    @Test func aWishForAVersionTakesThatVersionOnly() {
        let old = Platform(os: "windows", architecture: "amd64", osVersion: "10.0.17763.1")
        let new = Platform(os: "windows", architecture: "amd64", osVersion: "10.0.20348.1")
        let any = Platform(os: "windows", architecture: "amd64")
        #expect(old.rank(for: old) == 0)
        #expect(new.rank(for: old) == nil)
        #expect(any.rank(for: old) == nil)
        #expect(new.rank(for: any) == 0)
    }

    @Test func jsonComesBack() throws {
        let platforms = [
            Platform(os: "linux", architecture: "arm", variant: "v7"), Platform(os: "linux", architecture: "amd64"),
            Platform(os: "windows", architecture: "amd64", osVersion: "10.0.17763.1"),
        ]
        for platform in platforms { #expect(try Platform(json: JSONNode(platform.json)) == platform) }
        let text = #"{"os":"linux","architecture":"arm64","variant":"","features":["x"],"os.features":[]}"#
        #expect(try Platform(json: JSONNode(parsing: Array(text.utf8))) == Platform(os: "linux", architecture: "arm64"))
    }

    @Test(arguments: [
        (#"{"os":"linux"}"#, JSONError.Code.missing), (#"{"architecture":"arm"}"#, .missing), ("[]", .mismatch),
        (#"{"os":1,"architecture":"arm"}"#, .mismatch),
        (#"{"os":"linux","architecture":"arm","variant":7}"#, .mismatch),
        (#"{"os":null,"architecture":"arm"}"#, .missing),
    ]) func otherJSONIsRefused(text: String, code: JSONError.Code) throws {
        #expect(throws: JSONError(code, "")) { _ = try Platform(json: JSONNode(parsing: Array(text.utf8))) }
    }

    @Test func theOrderIsThatOfTheSpelling() throws {
        let texts = ["linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "windows/amd64"]
        #expect(
            try texts.reversed().map { text throws in try Platform(parsing: text) }.sorted().map(\.description) == texts
        )
    }
}
