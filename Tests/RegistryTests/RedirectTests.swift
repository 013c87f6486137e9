import OCI
import Registry
import TestSupport
import Testing

@Suite struct RedirectTests {
    @Test func `a blob elsewhere is fetched without credentials, and resumed there`() async throws {
        let storage = try await LyingRegistry()
        let content = RegistryFixture.bytes(20_000)
        try await RegistryFixture.with(credentials: Credentials(username: "anna", password: "secret")) { fixture in
            let (descriptor, path) = fixture.blob(content)
            storage.serve(.init(content), at: "/bucket/blob")
            storage.fault(on: "/bucket/blob") { _, attempt in attempt == 1 ? .cut(after: 777) : .none }
            let target = "http://\(storage.host)/bucket/blob?signature=abc"
            fixture.registry.fault(on: path) { request, _ in
                request["Authorization"] == nil
                    ? .status(401, headers: ["WWW-Authenticate": "Basic realm=\"tests\""]) : .redirect(to: target)
            }
            let sink = MemorySink(descriptor)
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == content)
            #expect(sink.appended == content.count)
            let seen = storage.requests(for: "/bucket/blob")
            #expect(seen.count == 2)
            #expect(seen.last?["Range"]?.hasPrefix("bytes=") == true)
            #expect(seen.allSatisfy { $0.query == "signature=abc" })
            for request in seen {
                #expect(request["Authorization"] == nil)
                #expect(!request.headers.contains { $0.value.contains("YW5uYTpzZWNyZXQ") })
            }
            #expect(fixture.registry.requests.contains { $0["Authorization"] == "Basic YW5uYTpzZWNyZXQ=" })
        }
        await storage.shutdown()
    }

    @Test func `credentials that were dropped do not come back on the way back`() async throws {
        let other = try await LyingRegistry()
        try await RegistryFixture.with(credentials: Credentials(username: "anna", password: "secret")) { fixture in
            let (descriptor, path) = fixture.blob([1, 2, 3])
            let home = "http://\(fixture.registry.host)/home"
            fixture.registry.serve(.init([1, 2, 3]), at: "/home")
            other.fault(on: "/away") { _, _ in .redirect(to: home) }
            fixture.registry.fault(on: path) { request, _ in
                request["Authorization"] == nil
                    ? .status(401, headers: ["WWW-Authenticate": "Basic realm=x"])
                    : .redirect(to: "http://\(other.host)/away")
            }
            try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            #expect(fixture.registry.requests(for: "/home").map { $0["Authorization"] } == [nil])
        }
        await other.shutdown()
    }

    @Test func `a challenge of another origin gets no credentials`() async throws {
        let other = try await LyingRegistry()
        try await RegistryFixture.with(credentials: Credentials(username: "anna", password: "secret")) { fixture in
            let (descriptor, path) = fixture.blob([1, 2, 3])
            fixture.registry.fault(on: path) { _, _ in .redirect(to: "http://\(other.host)/blob") }
            other.fault(on: "*") { _, _ in .status(401, headers: ["WWW-Authenticate": "Basic realm=x"]) }
            await #expect(throws: failure(.unauthorized)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
            #expect(other.requests.count == 1)
            #expect(other.requests.allSatisfy { $0["Authorization"] == nil })
        }
        await other.shutdown()
    }

    @Test func `credentials stay on redirects within the origin, relative ones too`() async throws {
        try await RegistryFixture.with(credentials: Credentials(username: "anna", password: "secret")) { fixture in
            let (descriptor, path) = fixture.blob([1, 2, 3])
            fixture.registry.serve(.init([1, 2, 3]), at: "/there/blob")
            fixture.registry.fault(on: "*") { request, _ in
                guard request["Authorization"] != nil else {
                    return .status(401, headers: ["WWW-Authenticate": "Basic realm=x"])
                }
                return request.path == path ? .redirect(to: "/there/blob") : .none
            }
            try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            #expect(
                fixture.registry.requests(for: "/there/blob").map { $0["Authorization"] } == ["Basic YW5uYTpzZWNyZXQ="])
        }
    }

    @Test func `a loop of redirects ends after five`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob([1])
            fixture.registry.fault(on: "*") { request, attempt in
                .redirect(to: request.path == "/loop" ? "/back" : "/loop")
            }
            await #expect(throws: failure(.redirect)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
            #expect(fixture.registry.requests.count == 6)
            fixture.registry.fault(on: path) { _, _ in .redirect(to: path) }
            await #expect(throws: failure(.redirect)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
        }
    }

    @Test func `five redirects are followed`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob([1])
            fixture.registry.serve(.init([1]), at: "/5")
            fixture.registry.fault(on: path) { _, _ in .redirect(to: "/1") }
            for step in 1...4 { fixture.registry.fault(on: "/\(step)") { _, _ in .redirect(to: "/\(step + 1)") } }
            try await fixture.fetch(descriptor, into: MemorySink(descriptor))
        }
    }

    @Test(arguments: [
        nil, "", "ftp://example.com/x", "http://user:password@127.0.0.1/x", "file:///etc/passwd", "http://",
    ])
    func `a redirect to no usable address is refused`(location: String?) async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob([1])
            fixture.registry.fault(on: path) { _, _ in
                LyingRegistry.Fault.status(302).with { $0.headers = ["Location": location] }
            }
            await #expect(throws: failure(.redirect)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
        }
    }
}
