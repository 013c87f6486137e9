import OCI
import Testing

@Suite struct ReferenceTests {
    private static let hex = String(repeating: "0123456789abcdef", count: 4)
    private static let digest = "@sha256:\(hex)"

    private static let completed: [(String, String)] = [
        // Short names, as docker completes them.
        ("debian", "docker.io/library/debian:latest"), ("debian:12", "docker.io/library/debian:12"),
        ("me/app", "docker.io/me/app:latest"), ("me/app/part", "docker.io/me/app/part:latest"),
        ("library/debian", "docker.io/library/debian:latest"), ("docker.io/debian", "docker.io/library/debian:latest"),
        ("index.docker.io/debian", "docker.io/library/debian:latest"), ("docker.io/me/app:1", "docker.io/me/app:1"),
        ("localhost", "docker.io/library/localhost:latest"), ("registry/app", "docker.io/registry/app:latest"),
        ("debian\(digest)", "docker.io/library/debian\(digest)"),
        ("debian:12\(digest)", "docker.io/library/debian:12\(digest)"),
        // Hosts.
        ("localhost/app", "localhost/app:latest"), ("localhost:5000/app", "localhost:5000/app:latest"),
        ("127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c"),
        ("registry.example.com/app", "registry.example.com/app:latest"),
        ("host:1/app", "host:1/app:latest"), ("host:65535/app", "host:65535/app:latest"),
        ("Host/app", "Host/app:latest"),
        ("Registry.Example.COM:5000/app", "Registry.Example.COM:5000/app:latest"), ("a.b/c", "a.b/c:latest"),
        ("[::1]/app", "[::1]/app:latest"), ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        ("[fe80::1234:ABCD]:80/a", "[fe80::1234:ABCD]:80/a:latest"),
        ("xn--bcher-kva.example/app", "xn--bcher-kva.example/app:latest"), ("1.2.3.4/app", "1.2.3.4/app:latest"),
        ("docker.io:443/debian", "docker.io:443/debian:latest"), ("a-b.c/d", "a-b.c/d:latest"),
        // Repositories.
        ("a.b/c.d_e__f-g--h/i", "a.b/c.d_e__f-g--h/i:latest"), ("0/0", "docker.io/0/0:latest"),
        ("a.b/0---0", "a.b/0---0:latest"),
        ("x.y/\(String(repeating: "a", count: 255))", "x.y/\(String(repeating: "a", count: 255)):latest"),
        // Tags.
        ("app:_", "docker.io/library/app:_"), ("app:A.b-C_9", "docker.io/library/app:A.b-C_9"),
        ("app:0", "docker.io/library/app:0"),
        ("app:a..", "docker.io/library/app:a.."),
        ("app:\(String(repeating: "t", count: 128))", "docker.io/library/app:\(String(repeating: "t", count: 128))"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("app:sha256-\(hex)", "docker.io/library/app:sha256-\(hex)"),
        ("a.b:1/c:2\(digest)", "a.b:1/c:2\(digest)"),
    ]

    @Test(arguments: completed) func completesNames(text: String, full: String) throws {
        let reference = try Reference(parsing: text)
        #expect(reference.description == full)
        #expect(try Reference(parsing: full) == reference)
        #expect(reference.name == reference.registry + "/" + reference.repository)
    }

    @Test func givesItsParts() throws {
        let reference = try Reference(parsing: "[::1]:5000/a/b_c:T" + Self.digest)
        #expect(reference.registry == "[::1]:5000")
        #expect(reference.repository == "a/b_c")
        #expect(reference.tag == "T")
        #expect(reference.digest?.hex == Self.hex)
        #expect(try Reference(parsing: "a.b/c" + Self.digest).tag == nil)
    }

    private static let wrong: [String] = [
        // Empty parts.
        "", " ", "/", ":", ":tag", "app:", "/app", "app/", "a//b", "a.b/", "a.b//c", "docker.io/", "localhost/",
        "a.b:1/", "a.b/:tag",
        // Hosts.
        "-a.b/c", "a-.b/c", "a..b/c", ".a.b/c", "a.b./c", "a_b.c/d", "host:/app", "host:0/app", "host:65536/app",
        "host:99999999999999999999/app",
        "host:-1/app", "host:+80/app", "host:8o/app", "host:80:80/app", "host:\u{0668}0/app", "[]/app", "[::1/app",
        "::1/app", "[::g]/app",
        "[::1]x/app", "[::1]:/app", "[::1]:0/app", "[::1%eth0]/app", "[::1", "http://a.b/c",
        "https://a.b/c", "docker://a.b/c",
        "b\u{FC}cher.example/app", "a.b\u{3002}c/d", "ex\u{430}mple.com/app", "localhost\u{301}.a/app",
        "\(String(repeating: "a", count: 64)).b/c",
        // Repositories.
        "Debian", "a.b/App", "a.b/c/D", "-app", "app-", "_app", "app_", ".app", "app.", "a___b", "a..b", "a._b", "a.-b",
        "a-_b", "a_-b",
        "..", ".", "../a", "a/../b", "a.b/../c", "a.b/./c", "a.b/c/..", "a b", "a\tb", "a\\b", "a+b", "a~b", "a%2fb",
        "a.b/c%00", "a?b", "a#b",
        "a\u{0}b", "a.b/c\u{0}", "\u{0}", "app\n", "\napp", " app", "app ", "d\u{435}bian", "deb\u{131}an",
        "\u{FF44}ebian", "debian\u{301}", "a\u{2044}b",
        "a\u{2215}b", "\u{1F600}", "app\u{200B}", "\u{FEFF}app", "stra\u{DF}e",
        "a.b/\(String(repeating: "a", count: 256))",
        // Tags.
        "app:.a", "app:-a", "app:a b", "app:a/b:c:", "app:a:b", "app:t\u{E9}", "app:t\n", "app:\u{0}", "app:a+b",
        "app:\u{FF41}",
        "app:t\u{301}", "app:\(String(repeating: "t", count: 129))", "app\u{FF1A}t", "app:t\u{212A}", "app:/",
        "app:\u{301}latest",
        // Too long for anything.
        String(repeating: "a", count: 513), "\(String(repeating: "a/", count: 300))a",
        "\(String(repeating: "a.", count: 127))a/b",
        String(repeating: "\u{1F600}", count: 1000),
    ]

    @Test(arguments: wrong) func refusesWhatIsNoReference(text: String) {
        #expect(throws: OCIError(.invalidReference, "")) { _ = try Reference(parsing: text) }
    }

    @Test(arguments: [
        "app@", "app@sha256", "app@sha256:", "app@sha256:\(hex.dropLast())", "app@sha256:\(hex)0",
        "app@sha256:\(hex.uppercased())", "app@SHA256:\(hex)", "app@sha512:\(hex)\(hex)", "app@md5:\(hex.prefix(32))",
        "app@\(hex)", "user@host.example/app",
        "app@@sha256:\(hex)", "app@sha256:\(hex)@sha256:\(hex)", "app@sha256:\(hex):tag", "@", "app@latest",
        "app@sha256:\u{301}\(hex)", "app@sha256:\(hex)\n",
    ]) func refusesWhatIsNoDigest(text: String) {
        #expect(throws: OCIError(.invalidDigest, "")) { _ = try Reference(parsing: text) }
    }

    @Test(arguments: [
        "@sha256:\(hex)", "app\u{301}@sha256:\(hex)", "app@\u{301}sha256:\(hex)", ":@sha256:\(hex)",
        "app:@sha256:\(hex)",
    ])
    func aDigestMakesNoNameValid(text: String) {
        #expect(throws: OCIError(.invalidReference, "")) { _ = try Reference(parsing: text) }
    }

    @Test func aReferenceIsPinnedAndReleased() throws {
        let digest = try Digest(parsing: "sha256:" + Self.hex)
        let tagged = try Reference(parsing: "a.b/c:1")
        #expect(tagged.pinned(to: digest).description == "a.b/c:1" + Self.digest)
        #expect(tagged.pinned(to: digest).withoutDigest == tagged)
        #expect(tagged.withoutDigest == tagged)
        let untagged = try Reference(parsing: "a.b/c" + Self.digest)
        #expect(untagged.withoutDigest == untagged)
    }

    @Test func anySingleByteKeepsToTheGrammar() throws {
        let lower = Set("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let tagStart = lower.union("ABCDEFGHIJKLMNOPQRSTUVWXYZ_".utf8)
        for byte in UInt8(0)..<0x80 {
            let character = String(UnicodeScalar(byte))
            #expect(((try? Reference(parsing: character)) != nil) == lower.contains(byte), "\(byte) as a name")
            #expect(((try? Reference(parsing: "a:" + character)) != nil) == tagStart.contains(byte), "\(byte) as a tag")
            let isTagByte = tagStart.contains(byte) || byte == 0x2D || byte == 0x2E
            #expect(((try? Reference(parsing: "a:b" + character)) != nil) == isTagByte, "\(byte) in a tag")
            let isInner = lower.contains(byte) || "._-/:".utf8.contains(byte)
            #expect(((try? Reference(parsing: "a\(character)b")) != nil) == isInner, "\(byte) in a name")
        }
    }
}
