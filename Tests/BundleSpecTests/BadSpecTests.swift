import BundleSpec
import Testing

/// A spec that must be refused.
struct BadSpec: Sendable, CustomTestStringConvertible {
    let what: String
    let yaml: String
    let code: SpecError.Code
    let line: Int
    let column: Int
    /// What the message must say, so that people know what to do.
    let says: String

    init(_ what: String, _ yaml: String, _ code: SpecError.Code, _ line: Int, _ column: Int, says: String = "") {
        self.what = what
        self.yaml = yaml
        self.code = code
        self.line = line
        self.column = column
        self.says = says
    }

    var testDescription: String { what }
}

private let head = "product: p\nversion: 1\n"

@Suite struct BadSpecTests {
    @Test(arguments: syntax + keys + values + registries + images + duplicates + variables)
    func `a bad spec is refused with code, line and column`(bad: BadSpec) throws {
        let error = #expect(throws: SpecError.self) { try parse(bad.yaml) }
        #expect(error?.code == bad.code)
        #expect(error?.line == bad.line)
        #expect(error?.column == bad.column)
        let message = error?.message ?? ""
        #expect(message.hasPrefix("site.yaml:\(bad.line):\(bad.column): "))
        #expect(message.contains(bad.says), "\(message)")
        #expect(!message.contains("swordfish"), "\(message)")
    }

    static let syntax = [
        BadSpec("nothing at all", "", .malformed, 1, 1, says: "empty"),
        BadSpec("only a comment", "# later\n", .malformed, 1, 1, says: "empty"),
        BadSpec("a scalar", "just words", .invalidValue, 1, 1, says: "must be a mapping"),
        BadSpec("a list", "- a\n- b", .invalidValue, 1, 1, says: "must be a mapping"),
        BadSpec("an open bracket", head + "images: [a, b\n", .malformed, 4, 1),
        BadSpec("an open quote", head + "images: [\"a]\n", .malformed, 4, 1),
        BadSpec("a tab as indentation", head + "images:\n\t- a\n", .malformed, 4, 1, says: "tabs"),
        BadSpec("two documents", head + "images: [a]\n---\nproduct: q\n", .malformed, 4, 1, says: "second document"),
        BadSpec("wrong indentation", head + "images:\n  - a\n - b\n", .malformed, 5, 2),
        BadSpec("a variable unquoted in brackets", head + "images: [${A}]", .malformed, 3, 11, says: "needs quotes"),
        BadSpec("an anchor", head + "images: &all [a]", .malformed, 3, 9, says: "no anchors"),
        BadSpec(
            "an anchor on a scalar", "product: &p p\nversion: 1\nimages: [a]", .malformed, 1, 10, says: "no anchors"),
        BadSpec("an anchor and its alias", head + "images: [&x a, *x]", .malformed, 3, 10, says: "no anchors"),
        BadSpec("an alias of nothing", head + "images: [*x]", .malformed, 3, 10, says: "no aliases"),
        BadSpec("a tag", "product: p\nversion: !!int 1\nimages: [a]", .malformed, 2, 10, says: "tag"),
        BadSpec("a key that is a list", head + "? [a, b]\n: c\n", .malformed, 3, 3, says: "one word"),
        BadSpec("a NUL", head + "images: [a\0b]", .malformed, 3, 11, says: "U+0000"),
        BadSpec("an escape character", head + "images: [\u{1B}a]", .malformed, 3, 10, says: "U+001B"),
        BadSpec("a line separator", "product: é\u{2028}x", .malformed, 1, 11, says: "U+2028"),
        BadSpec("a merge key", head + "images: [a]\n<<: { channel: b }", .unknownKey, 4, 1),
        BadSpec("a secret in a broken line", head + "password: swordfish: \"", .malformed, 3, 20),
    ]

    static let keys = [
        BadSpec(
            "a misspelt key", head + "platfroms: [linux/amd64]\nimages: [a]", .unknownKey, 3, 1,
            says: "did you mean 'platforms'?"),
        BadSpec(
            "a key with a capital", "Product: p\nversion: 1\nimages: [a]", .unknownKey, 1, 1,
            says: "did you mean 'product'?"),
        BadSpec("a key from elsewhere", head + "apiVersion: v1\nimages: [a]", .unknownKey, 3, 1, says: "'apiVersion'"),
        BadSpec(
            "a misspelt key of an image", head + "images:\n  - image: a\n    piority: 1", .unknownKey, 5, 5,
            says: "did you mean 'priority'?"),
        BadSpec(
            "a misspelt key of a registry", head + "registries:\n  r.example: { cafile: x }\nimages: [a]", .unknownKey,
            4, 16, says: "did you mean 'ca-file'?"),
        BadSpec(
            "a password without a space", head + "registries:\n  r.example: { \"password:swordfish\": }\nimages: [a]",
            .unknownKey, 4, 16),
        BadSpec("no product", "version: 1\nimages: [a]", .invalidValue, 1, 1, says: "no 'product'"),
        BadSpec("no version", "\n# comment\nproduct: p\nimages: [a]", .invalidValue, 3, 1, says: "no 'version'"),
        BadSpec("no images", head, .invalidValue, 1, 1, says: "no 'images'"),
    ]

    static let values = [
        BadSpec("an upper-case product", "product: Edge\nversion: 1\nimages: [a]", .invalidValue, 1, 10, says: "a-z"),
        BadSpec("a product with a space", "product: a b\nversion: 1\nimages: [a]", .invalidValue, 1, 10),
        BadSpec("a product that starts with a dot", "product: .a\nversion: 1\nimages: [a]", .invalidValue, 1, 10),
        BadSpec("a product that is a path", "product: ../a\nversion: 1\nimages: [a]", .invalidValue, 1, 10),
        BadSpec("a product with a look-alike letter", "product: е\nversion: 1\nimages: [a]", .invalidValue, 1, 10),
        BadSpec(
            "a long product", "product: \(String(repeating: "a", count: 65))\nversion: 1\nimages: [a]", .invalidValue,
            1, 10),
        BadSpec("an empty product", "product:\nversion: 1\nimages: [a]", .invalidValue, 1, 9, says: "no value"),
        BadSpec("a null product", "product: ~\nversion: 1\nimages: [a]", .invalidValue, 1, 10, says: "no value"),
        BadSpec(
            "a channel that is a list", head + "channel: [a]\nimages: [a]", .invalidValue, 3, 10, says: "one value"),
        BadSpec("version zero", "product: p\nversion: 0\nimages: [a]", .invalidValue, 2, 10),
        BadSpec("a negative version", "product: p\nversion: -1\nimages: [a]", .invalidValue, 2, 10),
        BadSpec(
            "a version with a point", "product: p\nversion: 2.8\nimages: [a]", .invalidValue, 2, 10, says: "integer"),
        BadSpec("an octal version", "product: p\nversion: 0o17\nimages: [a]", .invalidValue, 2, 10, says: "integer"),
        BadSpec(
            "a version with a leading zero", "product: p\nversion: 017\nimages: [a]", .invalidValue, 2, 10,
            says: "leading zeros"),
        BadSpec("a version with an underscore", "product: p\nversion: 1_0\nimages: [a]", .invalidValue, 2, 10),
        BadSpec("a version with an exponent", "product: p\nversion: 1e3\nimages: [a]", .invalidValue, 2, 10),
        BadSpec("a version in words", "product: p\nversion: v42\nimages: [a]", .invalidValue, 2, 10),
        BadSpec("a version in other digits", "product: p\nversion: ٤٢\nimages: [a]", .invalidValue, 2, 10),
        BadSpec("version 10^12", "product: p\nversion: 1000000000000\nimages: [a]", .invalidValue, 2, 10),
        BadSpec(
            "a version beyond 64 bits", "product: p\nversion: 99999999999999999999\nimages: [a]", .invalidValue, 2, 10),
        BadSpec(
            "platforms without a list", head + "platforms: linux/amd64\nimages: [a]", .invalidValue, 3, 12, says: "list"
        ),
        BadSpec("no platforms", head + "platforms: []\nimages: [a]", .invalidValue, 3, 12, says: "empty"),
        BadSpec("a platform without system", head + "platforms: [amd64]\nimages: [a]", .invalidValue, 3, 13),
        BadSpec(
            "a platform as uname says it", head + "platforms: [linux/x86_64]\nimages: [a]", .invalidValue, 3, 13,
            says: "'amd64'"),
        BadSpec("variables that are a list", head + "variables: [A]\nimages: [a]", .invalidValue, 3, 12),
    ]

    static let registries = [
        BadSpec(
            "a registry with a scheme", head + "registries:\n  https://r.example: {}\nimages: [a]", .invalidValue, 4, 3,
            says: "without scheme"),
        BadSpec(
            "a registry without a dot", head + "registries: { registry: {} }\nimages: [a]", .invalidValue, 3, 15,
            says: "dot"),
        BadSpec(
            "a registry with a bad port", head + "registries: { 'r.example:99999': {} }\nimages: [a]", .invalidValue, 3,
            15),
        BadSpec(
            "a registry that is a word", head + "registries: { r.example: swordfish }\nimages: [a]", .invalidValue, 3,
            26, says: "mapping"),
        BadSpec(
            "a password alone", head + "registries:\n  r.example:\n    password: swordfish\nimages: [a]", .invalidValue,
            5, 15, says: "without 'username'"),
        BadSpec(
            "a user alone", head + "registries:\n  r.example: { username: u }\nimages: [a]", .invalidValue, 4, 26,
            says: "without 'password'"),
        BadSpec(
            "a password on two lines",
            head + "registries:\n  r.example:\n    username: u\n    password: |\n      swordfish\nimages: [a]",
            .invalidValue, 6, 15, says: "line break"),
        BadSpec(
            "a password with a dollar",
            head + "registries:\n  r.example: { username: u, password: \"$swordfish\" }\nimages: [a]", .malformed, 4,
            39, says: "$$"),
        BadSpec(
            "a password that is a list",
            head + "registries:\n  r.example: { username: u, password: [swordfish] }\nimages: [a]", .invalidValue, 4, 39
        ),
        BadSpec(
            "a password with a strange name",
            head + "registries:\n  r.example: { username: u, password: \"${sword-swordfish}\" }\nimages: [a]",
            .malformed, 4, 39),
        BadSpec(
            "a user with a colon",
            head + "registries:\n  r.example: { username: \"u:swordfish\", password: swordfish }\nimages: [a]",
            .invalidValue, 4, 26),
        BadSpec(
            "a key without certificate", head + "registries:\n  r.example: { cert-key: k }\nimages: [a]", .invalidValue,
            4, 26, says: "without 'cert'"),
        BadSpec(
            "a certificate without key", head + "registries:\n  r.example: { cert: c }\nimages: [a]", .invalidValue, 4,
            22, says: "without 'cert-key'"),
        BadSpec(
            "yes for true", head + "registries:\n  r.example: { plain-http: yes }\nimages: [a]", .invalidValue, 4, 28,
            says: "true or false"),
        BadSpec(
            "plain HTTP with a CA", head + "registries:\n  r.example: { plain-http: true, ca-file: c }\nimages: [a]",
            .invalidValue, 4, 28, says: "TLS"),
        BadSpec(
            "a password repeated in an image",
            head + "registries: { r.example: { username: u, password: swordfish } }\nimages: [swordfish//]",
            .invalidValue, 4, 10, says: "'***//'"),
    ]

    static let images = [
        BadSpec("images that are a word", head + "images: nginx", .invalidValue, 3, 9, says: "list"),
        BadSpec("an empty list", head + "images: []", .invalidValue, 3, 9, says: "at least one"),
        BadSpec("an empty element", head + "images:\n  -\n", .invalidValue, 4, 4, says: "no value"),
        BadSpec("an image that is a list", head + "images:\n  - [a]", .invalidValue, 4, 5),
        BadSpec("an entry without image", head + "images:\n  - as: [a]", .invalidValue, 4, 5, says: "no 'image'"),
        BadSpec(
            "an upper-case repository", head + "images:\n  - docker.io/Library/Nginx:1", .invalidValue, 4, 5,
            says: "lower-case"),
        BadSpec(
            "an image with a scheme", head + "images:\n  - docker://nginx:1", .invalidValue, 4, 5,
            says: "without scheme"),
        BadSpec("a short digest", head + "images:\n  - nginx@sha256:abc", .invalidValue, 4, 5, says: "64"),
        BadSpec("a tag with a space", head + "images:\n  - image: nginx:1 2", .invalidValue, 4, 12),
        BadSpec("an empty image", head + "images: [\"\"]", .invalidValue, 3, 10, says: "empty"),
        BadSpec(
            "a layout without a path", head + "images:\n  - image: \"oci-layout:@x\"\n    as: [a]", .invalidValue, 4, 12
        ),
        BadSpec(
            "a layout with an empty name", head + "images:\n  - image: \"oci-layout:x@\"\n    as: [a]", .invalidValue,
            4, 12),
        BadSpec(
            "a layout without as", head + "images:\n  - image: oci-layout:./x@1\n    as: []", .invalidValue, 4, 12,
            says: "'as: [NAME:TAG]'"),
        BadSpec(
            "an archive without as", head + "images:\n  - docker-archive:x.tar", .invalidValue, 4, 5,
            says: "'as: [NAME:TAG]'"),
        BadSpec(
            "an archive without a path", head + "images:\n  - \"docker-archive::a\"", .invalidValue, 4, 5,
            says: "docker-archive:PATH:NAME"),
        BadSpec(
            "an archive's image with a digest",
            head + "images:\n  - docker-archive:x.tar:a@sha256:\(String(repeating: "0", count: 64))", .invalidValue, 4,
            5, says: "lock file"),
        BadSpec(
            "an OCI archive with an empty name", head + "images:\n  - \"oci-archive:x.tar@\"", .invalidValue, 4, 5,
            says: "oci-archive:PATH@NAME"),
        BadSpec(
            "a daemon's image by a short ID", head + "images:\n  - docker-daemon:sha256:abc", .invalidValue, 4, 5,
            says: "IMAGE-ID"),
        BadSpec(
            "a bundle without a reference", "trust: [k.pub]\n" + head + "images:\n  - bundle:1.0", .invalidValue, 5, 5,
            says: "docker.io/library/bundle"),
        BadSpec(
            "a bundle without trust", head + "images:\n  - bundle:./old@a:1", .invalidValue, 1, 1, says: "trust: [keys"),
        BadSpec(
            "trust without a bundle", "trust: [k.pub]\n" + head + "images: [a]", .invalidValue, 1, 8,
            says: "bundle:DIRECTORY@REFERENCE"),
        BadSpec(
            "trust in nobody", "trust: []\n" + head + "images: [\"bundle:./old@a:1\"]", .invalidValue, 1, 8,
            says: "at least one"),
        BadSpec("a layout as a plain string", head + "images:\n  - oci-layout:./x@1", .invalidValue, 4, 5, says: "as"),
        BadSpec("as without a list", head + "images:\n  - image: a\n    as: b", .invalidValue, 5, 9, says: "list"),
        BadSpec(
            "a digest in as",
            head + "images:\n  - image: a\n    as: [\"b@sha256:\(String(repeating: "0", count: 64))\"]", .invalidValue,
            5, 10, says: "digest"),
        BadSpec(
            "a priority out of range", head + "images:\n  - image: a\n    priority: 10001", .invalidValue, 5, 15,
            says: "10000"),
        BadSpec(
            "an unknown policy", head + "images:\n  - image: a\n    tags: replace", .invalidValue, 5, 11,
            says: "keep, move, fail"),
        BadSpec(
            "an unknown storage", head + "images:\n  - image: a\n    store: gzip", .invalidValue, 5, 12,
            says: "packed, original"),
        BadSpec("a group with a comma", head + "images:\n  - image: a\n    groups: [\"a,b\"]", .invalidValue, 5, 14),
    ]

    static let duplicates = [
        BadSpec("a key twice", head + "images: [a]\nversion: 2", .duplicate, 4, 1, says: "line 2"),
        BadSpec("a key twice, once quoted", head + "images: [a]\n\"version\" : 2", .duplicate, 4, 1, says: "line 2"),
        BadSpec(
            "a key twice in an image",
            head + "images:\n  - image: a\n    priority: 1\n    groups: [g]\n    priority: 2", .duplicate, 7, 5,
            says: "line 5"),
        BadSpec(
            "a key twice, the first after a dash", head + "images:\n  - image: a\n    image: b", .duplicate, 5, 5,
            says: "line 4"),
        BadSpec(
            "a key twice on one line", head + "registries: { r.example: { username: u, username: v } }\nimages: [a]",
            .duplicate, 3, 41, says: "line 3"),
        BadSpec(
            "a registry under two names", head + "registries:\n  docker.io: {}\n  index.docker.io: {}\nimages: [a]",
            .duplicate, 5, 3, says: "line 4"),
        BadSpec(
            "an image twice", head + "images:\n  - nginx:1\n  - redis\n  - nginx:1", .duplicate, 6, 5, says: "line 4"),
        BadSpec(
            "an image twice, once in full", head + "images:\n  - nginx:1\n  - image: docker.io/library/nginx:1",
            .duplicate, 5, 12, says: "line 4"),
        BadSpec(
            "a layout's image twice",
            head + "images:\n  - { image: \"oci-layout:x@1\", as: [a] }\n  - { image: \"oci-layout:./x@1\", as: [b] }",
            .duplicate, 5, 14, says: "line 4"),
        BadSpec(
            "a further name that is an image's", head + "images:\n  - nginx:1\n  - image: redis\n    as: [\"nginx:1\"]",
            .duplicate, 6, 10, says: "line 4"),
        BadSpec(
            "an image whose name was given away",
            head + "images:\n  - image: redis\n    as: [\"nginx:1\"]\n  - nginx:1", .duplicate, 6, 5, says: "line 5"),
        BadSpec(
            "a further name twice", head + "images:\n  - image: a\n    as: [b, c, b]", .duplicate, 5, 16, says: "line 5"
        ),
        BadSpec(
            "its own name again", head + "images:\n  - image: a\n    as: [\"a:latest\"]", .duplicate, 5, 10,
            says: "line 4"),
        BadSpec("a platform twice", head + "platforms: [linux/amd64, linux/amd64]\nimages: [a]", .duplicate, 3, 26),
        BadSpec("a group twice", head + "images:\n  - image: a\n    groups: [g, g]", .duplicate, 5, 17),
    ]

    static let variables = [
        BadSpec(
            "an undefined variable", head + "images:\n  - ${NOWHERE}/a", .undefinedVariable, 4, 5,
            says: "--set NOWHERE=VALUE"),
        BadSpec(
            "an undefined variable in a variable", head + "variables:\n  A: ${B}\nimages: [a]", .undefinedVariable, 4, 6
        ),
        BadSpec(
            "an undefined variable in a registry's name", head + "registries:\n  ${B}: {}\nimages: [a]",
            .undefinedVariable, 4, 3),
        BadSpec(
            "a variable that is itself", head + "variables:\n  A: ${A}\nimages: [a]", .undefinedVariable, 4, 6,
            says: "A → A"),
        BadSpec(
            "variables in a circle", head + "variables:\n  A: ${B}\n  B: x${C}\n  C: ${A:-x}\nimages: [a]",
            .undefinedVariable, 4, 6, says: "A → B → C → A"),
        BadSpec(
            "a variable's bad name", head + "variables: { A-B: x }\nimages: [a]", .invalidValue, 3, 14,
            says: "letters, digits"),
        BadSpec(
            "a variable without value", head + "variables: { A: }\nimages: [a]", .invalidValue, 3, 17, says: "no value"),
        BadSpec("a reference without end", head + "images:\n  - a:${B", .malformed, 4, 5, says: "no '}'"),
        BadSpec("an empty reference", head + "images:\n  - a:${}", .malformed, 4, 5),
        BadSpec("another form of default", head + "images:\n  - a:${B-x}", .malformed, 4, 5, says: "NAME:-default"),
        BadSpec("a reference in a default", head + "images:\n  - a:${B:-${C}}", .malformed, 4, 5, says: "plain text"),
        BadSpec("a single dollar", head + "images:\n  - a:$B", .malformed, 4, 5, says: "$$"),
    ]
}
