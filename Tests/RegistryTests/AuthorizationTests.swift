import Foundation
import OCI
import TestSupport
import Testing

@testable import Registry

@Suite struct AuthorizationTests {
    private static let anna = Credentials(username: "anna", password: "secret")

    /// Makes the registry demand tokens that its own `/token` hands out, numbered from 1.
    private static func demandTokens(
        _ registry: LyingRegistry, valid: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) {
        let challenge =
            "Bearer realm=\"http://\(registry.host)/token?a=b\",service=\"tests\",scope=\"repository:*:push\""
        registry.fault(on: "/token") { _, attempt in
            .body(Array("{\"token\":\"T\(attempt)\",\"expires_in\":300}".utf8))
        }
        registry.fault(on: "*") { request, _ in
            if let sent = request["Authorization"], sent.hasPrefix("Bearer T"), let number = Int(sent.dropFirst(8)),
                valid(number)
            {
                return .none
            }
            return .status(401, headers: ["WWW-Authenticate": challenge])
        }
    }

    @Test func `a token is asked for anonymously, for our scope only, and used for all of a repository`() async throws {
        try await RegistryFixture.with { fixture in
            Self.demandTokens(fixture.registry)
            fixture.manifest()
            let (descriptor, _) = fixture.blob([1, 2])
            _ = try await fixture.client.resolve(fixture.reference)
            try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            let asked = fixture.registry.requests(for: "/token")
            #expect(asked.map(\.query) == ["a=b&service=tests&scope=repository%3Ateam%2Fapp%3Apull"])
            #expect(asked.allSatisfy { $0["Authorization"] == nil })
            #expect(fixture.registry.requests.count == 4)
        }
    }

    @Test func `a token is asked for with the password, which goes to the token service only`() async throws {
        try await RegistryFixture.with(credentials: Self.anna) { fixture in
            Self.demandTokens(fixture.registry)
            fixture.manifest()
            _ = try await fixture.client.resolve(fixture.reference)
            let withPassword = fixture.registry.requests.filter { $0["Authorization"]?.hasPrefix("Basic") == true }
            #expect(withPassword.map(\.path) == ["/token"])
        }
    }

    @Test func `another repository gets a token of its own`() async throws {
        try await RegistryFixture.with { fixture in
            Self.demandTokens(fixture.registry)
            fixture.manifest()
            fixture.registry.serve(
                document: RegistryFixture.manifest(), mediaType: .ociManifest, repository: "team/other", tags: ["1"])
            _ = try await fixture.client.resolve(fixture.reference)
            _ = try await fixture.client.resolve(fixture.registry.reference("team/other:1"))
            #expect(fixture.registry.requests(for: "/token").count == 2)
        }
    }

    @Test func `a token that runs out in the middle of a blob is renewed once, and the blob goes on`() async throws {
        try await RegistryFixture.with { fixture in
            let content = RegistryFixture.bytes(30_000)
            let (descriptor, path) = fixture.blob(content)
            let challenge = "Bearer realm=\"http://\(fixture.registry.host)/token\""
            fixture.registry.fault(on: "/token") { _, attempt in .body(Array("{\"access_token\":\"T\(attempt)\"}".utf8))
            }
            fixture.registry.fault(on: path) { request, _ in
                let isResumed = request["Range"] != nil
                guard request["Authorization"] == (isResumed ? "Bearer T2" : "Bearer T1") else {
                    return .status(401, headers: ["WWW-Authenticate": challenge])
                }
                return isResumed ? .none : .cut(after: 11_111)
            }
            let sink = MemorySink(descriptor)
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == content)
            #expect(sink.appended == content.count)
            #expect(fixture.registry.requests(for: "/token").count == 2)
        }
    }

    @Test func `a token that is refused again and again is unauthorized`() async throws {
        try await RegistryFixture.with { fixture in
            Self.demandTokens(fixture.registry) { _ in false }
            fixture.manifest()
            await #expect(throws: failure(.unauthorized)) { try await fixture.client.resolve(fixture.reference) }
            #expect(fixture.registry.requests(for: "/token").count == 1)
        }
    }

    @Test func `a password that is refused is unauthorized, and sent once`() async throws {
        try await RegistryFixture.with(credentials: Self.anna) { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: "*") { _, _ in .status(401, headers: ["WWW-Authenticate": "Basic realm=x"]) }
            let error = await #expect(throws: RegistryError.self) {
                try await fixture.client.resolve(fixture.reference)
            }
            #expect(error?.code == .unauthorized)
            #expect(error?.message.contains("secret") == false)
            #expect(fixture.registry.requests(for: path).count == 2)
        }
    }

    @Test(arguments: [
        "http://example.com/token", "https://10.0.0.1/token", "https://192.168.1.1/", "https://172.16.0.1/",
        "https://169.254.169.254/latest", "https://[fe80::1]/", "https://[fd00::1]/", "https://127.0.0.2/token",
        "https://2130706434/token", "https://0x7f.0.0.2/", "https://localhost/token", "https://[::1]/",
        "https://[::ffff:10.0.0.1]/", "https://0.0.0.0/", "https://evil.localhost/", "http://localhost/token",
        "https://user:pass@example.com/", "ftp://example.com/", "token", "",
    ])
    func `a realm that would lead credentials astray is refused`(realm: String) async throws {
        try await RegistryFixture.with(credentials: Self.anna) { fixture in
            fixture.manifest()
            fixture.registry.fault(on: "*") { _, _ in
                .status(401, headers: ["WWW-Authenticate": "Bearer realm=\"\(realm)\",service=x"])
            }
            await #expect(throws: failure(.unauthorized)) { try await fixture.client.resolve(fixture.reference) }
            #expect(fixture.registry.requests.count == 1)
        }
    }

    @Test(arguments: [
        (registry: "registry.example.com", realm: "https://auth.example.org/token", isRight: true),
        (registry: "registry.example.com", realm: "http://registry.example.com/token", isRight: false),
        (registry: "10.0.0.5", realm: "https://10.0.0.5:8443/token", isRight: true),
        (registry: "10.0.0.5", realm: "https://10.0.0.6/token", isRight: false),
    ])
    func `a realm of a registry with TLS is https, and not inside`(registry: String, realm: String, isRight: Bool)
        throws
    {
        let endpoint = try Endpoint(registry: registry, access: nil)
        if isRight {
            #expect(try Realm(realm, of: endpoint, task: "").url.absoluteString == realm)
        } else {
            #expect(throws: failure(.unauthorized)) { try Realm(realm, of: endpoint, task: "") }
        }
    }

    @Test(arguments: [
        (answer: LyingRegistry.Fault.redirect(to: "/token2"), code: RegistryError.Code.redirect),
        (answer: .status(401), code: .unauthorized),
        (answer: .status(503), code: .unavailable),
        (answer: .body(Array("{}".utf8)), code: .invalidResponse),
        (answer: .body(Array("{\"token\":\"a\\r\\nX: y\"}".utf8)), code: .invalidResponse),
        (answer: .body(Array("{\"token\":\"a\",\"token\":\"b\"}".utf8)), code: .invalidResponse),
        (answer: .body([UInt8](repeating: 0x20, count: (1 << 20) + 1)), code: .sizeMismatch),
        (answer: LyingRegistry.Fault.body([0x20]).with { $0.isEndless = true }, code: .sizeMismatch),
    ])
    func `an answer of a token service that is no token is refused`(
        answer: LyingRegistry.Fault, code: RegistryError.Code
    ) async throws {
        try await RegistryFixture.with { fixture in
            Self.demandTokens(fixture.registry)
            fixture.manifest()
            fixture.registry.fault(on: "/token") { _, _ in answer }
            await #expect(throws: failure(code)) { try await fixture.client.resolve(fixture.reference) }
            #expect(fixture.registry.requests(for: "/token2").isEmpty)
        }
    }

    @Test func `the environment's password serves a registry that has none of its own`() async throws {
        let environment = ["REGISTRY_USERNAME": "env", "REGISTRY_PASSWORD": "word"]
        for (own, expected) in [(nil, "env:word"), (Self.anna, "anna:secret")] {
            try await RegistryFixture.with(environment: environment, credentials: own) { fixture in
                fixture.manifest()
                let header = "Basic " + Data(expected.utf8).base64EncodedString()
                fixture.registry.fault(on: "*") { request, _ in
                    request["Authorization"] == header
                        ? .none : .status(401, headers: ["WWW-Authenticate": "Basic realm=x"])
                }
                _ = try await fixture.client.resolve(fixture.reference)
            }
        }
    }

    @Test func `an identity token is exchanged in the body of a POST`() async throws {
        let directory = try TemporaryDirectory()
        try await RegistryFixture.with(environment: ["DOCKER_CONFIG": directory.path]) { fixture in
            try directory.write(
                #"{"auths":{"\#(fixture.registry.host)":{"identitytoken":"IDENTITY"}}}"#, to: "config.json")
            Self.demandTokens(fixture.registry)
            fixture.manifest()
            _ = try await fixture.client.resolve(fixture.reference)
            #expect(fixture.registry.requests(for: "/token").map(\.method) == ["POST"])
        }
    }

    @Test func `no description shows a password`() {
        let access = RegistryAccess(credentials: Self.anna)
        for text in ["\(Self.anna)", String(reflecting: Self.anna), "\(access)", String(reflecting: access)] {
            #expect(!text.contains("secret"), "\(text)")
        }
        var dumped = ""
        dump(access, to: &dumped)
        #expect(!dumped.contains("secret"))
    }
}
