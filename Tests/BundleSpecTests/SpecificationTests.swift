import BundleSpec
import OCI
import Testing

/// Parses a spec that lies in `/site`.
func parse(
    _ yaml: String, set overrides: [String: String] = [:], environment: [String: String] = [:]
) throws(SpecError) -> Specification {
    try Specification.parse(
        yaml: yaml, fileName: "site.yaml", directory: "/site", overrides: overrides, environment: environment)
}

/// A spec with these images; the first one stands in line 4.
func spec(images: String...) -> String {
    "product: p\nversion: 1\nimages:\n" + images.map { "  - \($0)\n" }.joined()
}

@Suite struct SpecificationTests {
    @Test func `every key is read`() throws {
        let specification = try parse(
            """
            product: edge-stack
            channel: beta
            version: 42
            platforms: [linux/amd64, linux/arm/v7]
            variables: { HOST: registry.example.com }
            registries:
              registry.example.com: { username: robot, password: swordfish, ca-file: ca.pem }
              127.0.0.1:5000: { plain-http: true }
              localhost: { cert: ./tls/c.pem, cert-key: /tls/k.pem, insecure-skip-tls-verify: true }
            images:
              - image: ${HOST}/acme/chromium:2.8.0
                as: [local/chromium:2.8.0]
                groups: [provision_worker, Lab.2]
                priority: 10
                tags: move
                store: original
                platforms: [linux/arm64]
              - nginx:1.25
            """)
        #expect(specification.product == "edge-stack")
        #expect(specification.channel == "beta")
        #expect(specification.version == 42)
        #expect(specification.platforms.map(\.description) == ["linux/amd64", "linux/arm/v7"])
        #expect(specification.directory == "/site")
        #expect(
            specification.registries == [
                "registry.example.com": RegistrySettings(
                    username: "robot", password: "swordfish", caFile: "/site/ca.pem"),
                "127.0.0.1:5000": RegistrySettings(plainHTTP: true),
                "localhost": RegistrySettings(
                    certificate: "/site/tls/c.pem", certificateKey: "/tls/k.pem", insecureSkipTLSVerify: true),
            ])
        let expected = [
            ImageEntry(
                source: .registry(try Reference(parsing: "registry.example.com/acme/chromium:2.8.0")),
                additionalNames: [try Reference(parsing: "local/chromium:2.8.0")],
                groups: ["provision_worker", "Lab.2"], priority: 10, tagPolicy: .move, storage: .original,
                platforms: [Platform(os: "linux", architecture: "arm64")], line: 11, column: 12,
                key: "registry.example.com/acme/chromium:2.8.0"),
            ImageEntry(
                source: .registry(try Reference(parsing: "docker.io/library/nginx:1.25")), line: 18, column: 5,
                key: "nginx:1.25"),
        ]
        #expect(specification.images == expected)
    }

    @Test func `a small spec gets the documented defaults`() throws {
        let specification = try parse(spec(images: "nginx"))
        #expect(specification.channel == "stable")
        #expect(specification.platforms == [.host])
        #expect(specification.registries.isEmpty)
        let image = try #require(specification.images.first)
        #expect(image.priority == 100)
        #expect(image.tagPolicy == .keep)
        #expect(image.storage == .packed)
        #expect(specification.referrers == .all && image.referrers == nil)
        #expect(image.platforms == nil)
        #expect(image.groups.isEmpty)
        #expect(image.names.map(\.description) == ["docker.io/library/nginx:latest"])
    }

    @Test func `a spec and each image say whether referrers come along`() throws {
        let specification = try parse(
            "product: p\nversion: 1\nreferrers: none\nimages: [a, { image: b, referrers: all }]")
        #expect(specification.referrers == .none && specification.images.map(\.referrers) == [nil, .all])
        #expect(throws: SpecError(.invalidValue, "", file: "")) {
            try parse("product: p\nversion: 1\nreferrers: some\nimages: [a]")
        }
    }

    @Test(arguments: [
        (tag: "2.10", expected: "2.10"), (tag: "1.0", expected: "1.0"), (tag: "010", expected: "010"),
        (tag: "1e3", expected: "1e3"), (tag: "no", expected: "no"), (tag: "0x10", expected: "0x10"),
        (tag: "2026-11-21", expected: "2026-11-21"),
    ])
    func `tags that look like numbers stay text`(tag: String, expected: String) throws {
        let yaml = "product: p\nversion: 1\nvariables: { TAG: \(tag) }\nimages: ['a:${TAG}', 'b:\(tag)']"
        let specification = try parse(yaml)
        #expect(specification.images.flatMap(\.names).map(\.tag) == [expected, expected])
    }

    @Test(arguments: [
        (text: "1", version: 1), (text: "999999999999", version: 999_999_999_999), (text: "\"42\"", version: 42),
        (text: "${NUMBER}", version: 7),
    ])
    func `versions are whole numbers, quoted or not`(text: String, version: Int64) throws {
        let specification = try parse(
            "product: p\nversion: \(text)\nimages: [a]", environment: text.contains("$") ? ["NUMBER": "7"] : [:])
        #expect(specification.version == version)
    }

    @Test(arguments: [
        (text: "oci-layout:./vendor/registry@2.8.3", path: "/site/vendor/registry", name: "2.8.3" as String?),
        (text: "oci-layout:vendor", path: "/site/vendor", name: nil),
        (text: "oci-layout:/srv/out@sha256:ab", path: "/srv/out", name: "sha256:ab"),
        (text: "oci-layout:../a@b/c@v1", path: "/site/../a@b/c", name: "v1"),
        (text: "oci-layout:.//x", path: "/site/x", name: nil),
    ])
    func `a layout's path ends at the last at sign`(text: String, path: String, name: String?) throws {
        let specification = try parse(spec(images: "image: \(text)\n    as: [local/x:1]"))
        let image = try #require(specification.images.first)
        #expect(image.source == .layout(path: path, reference: name))
        #expect(image.key == text)
        #expect(image.names.map(\.description) == ["docker.io/local/x:1"])
    }

    @Test func `archives, daemons and bundles are sources beside registries and layouts`() throws {
        let id = "sha256:" + String(repeating: "0f", count: 32)
        let second = try Reference(parsing: "local/second:1")
        let table: [(text: String, source: ImageSource, name: String?)] = [
            ("oci-archive:./a@b.tar@v1", .ociArchive(path: "/site/a@b.tar", reference: "v1"), nil),
            ("oci-archive:/srv/out.tar", .ociArchive(path: "/srv/out.tar", reference: nil), nil),
            (
                "docker-archive:out/x@y.tar:local/second:1",
                .dockerArchive(path: "/site/out/x@y.tar", reference: second), "docker.io/local/second:1"
            ),
            ("docker-archive:x.tar", .dockerArchive(path: "/site/x.tar", reference: nil), nil),
            ("docker-daemon:local/second:1", .dockerDaemon(second), "docker.io/local/second:1"),
            ("docker-daemon:\(id)", .dockerImage(try Digest(parsing: id)), nil),
            (
                "bundle:../a@b/old@local/second:1", .bundle(path: "/site/../a@b/old", reference: second),
                "docker.io/local/second:1"
            ),
            (
                "bundle:old@local/second:1@\(id)",
                .bundle(path: "/site/old", reference: try Reference(parsing: "local/second:1@\(id)")),
                "docker.io/local/second:1"
            ),
        ]
        for (text, source, name) in table {
            let trust = text.hasPrefix("bundle:") ? "trust: [keys/vendor.pub, /etc/trusted]\n" : ""
            let specification = try parse(trust + spec(images: "image: \(text)\n    as: [local/x:1]"))
            let image = try #require(specification.images.first)
            #expect(image.source == source, "\(text)")
            #expect(image.names.map(\.description) == [name, "docker.io/local/x:1"].compactMap(\.self), "\(text)")
            #expect(specification.trust == (trust.isEmpty ? [] : ["/site/keys/vendor.pub", "/etc/trusted"]))
        }
    }

    @Test func `an image pinned to a digest needs no tag`() throws {
        let digest = "sha256:" + String(repeating: "0f", count: 32)
        let specification = try parse(spec(images: "nginx@\(digest)", "nginx:1@\(digest)"))
        #expect(
            specification.images.flatMap(\.names).map(\.description) == [
                "docker.io/library/nginx@\(digest)", "docker.io/library/nginx:1",
            ])
    }

    @Test func `the registry of docker has one name`() throws {
        let specification = try parse(
            "product: p\nversion: 1\nregistries: { index.docker.io: { username: u, password: p } }\nimages: [a]")
        #expect(Array(specification.registries.keys) == ["docker.io"])
    }

    @Test func `an empty credential counts as none`() throws {
        let specification = try parse(
            """
            product: p
            version: 1
            registries:
              r.example: { username: "${U:-}", password: "${P:-}", ca-file: "${CA:-}" }
            images: [a]
            """)
        #expect(specification.registries == ["r.example": RegistrySettings()])
    }

    @Test func `no way of printing a spec shows a password`() throws {
        let specification = try parse(
            "product: p\nversion: 1\nregistries: { r.example: { username: u, password: swordfish } }\nimages: [a]")
        var dumped = ""
        dump(specification, to: &dumped)
        for text in ["\(specification)", String(reflecting: specification), dumped] {
            #expect(!text.contains("swordfish"))
        }
        #expect(specification.registries["r.example"]?.description == "{ username: u, password: *** }")
    }
}
