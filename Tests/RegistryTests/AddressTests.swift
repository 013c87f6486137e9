import Testing

@testable import Registry

@Suite struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1", Host.Kind.loopback), ("127.9.9.9", .loopback), ("localhost", .loopback),
        ("LOCALHOST.", .loopback),
        ("::1", .loopback), ("[::1]", .loopback), ("0x7f000001", .loopback), ("127.1", .loopback),
        ("::ffff:127.0.0.1", .loopback), ("0.0.0.0", .unspecified), ("::", .unspecified), ("10.1.2.3", .privateNetwork),
        ("172.31.0.1", .privateNetwork), ("172.32.0.1", .other), ("192.168.0.1", .privateNetwork),
        ("169.254.169.254", .linkLocal), ("fe80::1%eth0", .linkLocal), ("fd12::1", .privateNetwork),
        ("64:ff9b::10.0.0.1", .privateNetwork), ("8.8.8.8", .other), ("2001:db8::1", .other), ("example.com", .other),
        ("127.example.com", .other), ("localhost.example.com", .other),
    ])
    func `an address says where it leads`(host: String, kind: Host.Kind) { #expect(Host.kind(of: host) == kind) }

    @Test(
        arguments: [
            ("127.0.0.1:5000", nil, "http://127.0.0.1:5000"), ("localhost", nil, "http://localhost:80"),
            ("[::1]:5000", nil, "http://[::1]:5000"), ("registry.example.com", nil, "https://registry.example.com:443"),
            ("docker.io", nil, "https://registry-1.docker.io:443"), ("10.0.0.1:5000", nil, "https://10.0.0.1:5000"),
            ("127.0.0.1:5000", RegistryAccess(plainHTTP: false), "https://127.0.0.1:5000"),
            ("127.0.0.1:5000", RegistryAccess(caFile: "ca.pem"), "https://127.0.0.1:5000"),
            ("registry.example.com:80", RegistryAccess(plainHTTP: true), "http://registry.example.com:80"),
        ] as [(String, RegistryAccess?, String)])
    func `loopback registries speak http unless told otherwise`(
        registry: String, access: RegistryAccess?, origin: String
    ) throws {
        #expect(try Endpoint(registry: registry, access: access).origin.description == origin)
    }

    private static let proxies = [
        "HTTPS_PROXY": "http://anna:se%40cret@proxy.example.com:3128", "http_proxy": "plain.example.com:8080",
        "no_proxy": "example.org, .inner.net,10.0.0.0/8, host.example.com:8443 ,[2001:db8::1],fd00::/8",
    ]

    @Test(
        arguments: [
            ("https", "registry.example.com", 443, "proxy.example.com:3128"),
            ("http", "registry.example.com", 80, "plain.example.com:8080"),
            ("https", "example.org", 443, nil), ("https", "sub.example.org", 443, nil),
            ("https", "notexample.org", 443, "proxy.example.com:3128"), ("https", "a.inner.net", 443, nil),
            ("https", "inner.net", 443, "proxy.example.com:3128"), ("https", "10.200.0.1", 443, nil),
            ("https", "11.0.0.1", 443, "proxy.example.com:3128"), ("https", "host.example.com", 8443, nil),
            ("https", "host.example.com", 443, "proxy.example.com:3128"), ("https", "2001:db8::1", 443, nil),
            ("https", "fd00::5", 443, nil), ("http", "127.0.0.1", 5000, nil), ("http", "localhost", 5000, nil),
        ] as [(String, String, Int, String?)])
    func `proxies and their exceptions are chosen by origin`(
        scheme: String, host: String, port: Int, proxy: String?
    ) throws {
        let settings = ProxySettings(environment: Self.proxies)
        let server = try settings.server(for: Origin(scheme: scheme, host: host, port: port))
        #expect(server.map { "\($0.host):\($0.port)" } == proxy)
    }

    @Test func `a proxy's user and password are decoded`() throws {
        let origin = Origin(scheme: "https", host: "registry.example.com", port: 443)
        let server = try ProxySettings(environment: Self.proxies).server(for: origin)
        #expect(server?.credentials == Credentials(username: "anna", password: "se@cret"))
        #expect(try ProxySettings(environment: ["HTTPS_PROXY": "x:1", "NO_PROXY": "*"]).server(for: origin) == nil)
        #expect(throws: failure(.configuration)) {
            try ProxySettings(environment: ["HTTPS_PROXY": "gopher://x"]).server(for: origin)
        }
    }

    @Test(
        arguments: [
            ("Basic realm=\"a b\"", [Challenge(scheme: "basic", parameters: ["realm": "a b"])]),
            (
                "Bearer realm=\"https://a/t\",service=\"s\\\"x\" , scope = y, Basic realm=z",
                [
                    Challenge(scheme: "bearer", parameters: ["realm": "https://a/t", "service": "s\"x", "scope": "y"]),
                    Challenge(scheme: "basic", parameters: ["realm": "z"]),
                ]
            ),
            (
                "Negotiate, Basic realm=x",
                [.init(scheme: "negotiate", parameters: [:]), .init(scheme: "basic", parameters: ["realm": "x"])]
            ),
            ("Bearer realm=a,realm=b", []), ("Bearer realm=\"unfinished", []), ("", []), ("=,=", []),
        ] as [(String, [Challenge])])
    func `challenges are read`(text: String, challenges: [Challenge]) { #expect(Challenge.parse([text]) == challenges) }

    @Test(
        arguments: [
            ("bytes 5-9/10", 5, 9, 10), ("Bytes 5-9/*", 5, 9, nil),
        ] as [(String, Int64, Int64, Int64?)])
    func `a Content-Range is read`(text: String, first: Int64, last: Int64, total: Int64?) throws {
        let range = try #require(ContentRange(text))
        #expect(range.first == first && range.last == last && range.total == total)
    }

    @Test(arguments: [
        "bytes 5-10/10", "bytes 9-5/10", "bytes -5/10", "bytes 5-/10", "bytes +5-9/10", "5-9/10", "bytes */10",
    ])
    func `a Content-Range that means nothing is refused`(text: String) { #expect(ContentRange(text) == nil) }
}
