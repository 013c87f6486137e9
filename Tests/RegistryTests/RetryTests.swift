import OCI
import TestSupport
import Testing

@testable import Registry

@Suite struct RetryTests {
    @Test(arguments: [408, 429, 500, 502, 503, 504])
    func `a status that passes is asked again`(status: Int) async throws {
        try await RegistryFixture.with { fixture in
            let (expected, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, attempt in attempt < 3 ? .status(status) : .none }
            let found = try await fixture.client.resolve(fixture.reference).descriptor
            #expect(found == expected)
            #expect(fixture.registry.requests(for: path).count == 3)
            let (blob, blobPath) = fixture.blob([1, 2, 3])
            fixture.registry.fault(on: blobPath) { _, attempt in attempt < 3 ? .status(status) : .none }
            let sink = MemorySink(blob)
            try await fixture.fetch(blob, into: sink)
            #expect(sink.bytes == [1, 2, 3])
        }
    }

    @Test(arguments: [
        (status: 400, code: RegistryError.Code.invalidResponse, requests: 1),
        (status: 403, code: .unauthorized, requests: 1),
        (status: 404, code: .notFound, requests: 1),
        (status: 429, code: .rateLimited, requests: 3),
        (status: 503, code: .unavailable, requests: 3),
        (status: 204, code: .invalidResponse, requests: 1),
    ])
    func `a status that stays has its code, after all attempts where they make sense`(
        status: Int, code: RegistryError.Code, requests: Int
    ) async throws {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in .status(status) }
            await #expect(throws: failure(code)) { try await fixture.client.resolve(fixture.reference) }
            #expect(fixture.registry.requests(for: path).count == requests)
        }
    }

    @Test func `Retry-After is heeded`() async throws {
        let patient = RetryPolicy(attempts: 2, baseDelay: .milliseconds(1), maximumDelay: .seconds(5))
        try await RegistryFixture.with(retry: patient) { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, attempt in
                attempt == 1 ? .status(429, headers: ["Retry-After": "1"]) : .none
            }
            let time = try await ContinuousClock().measure { _ = try await fixture.client.resolve(fixture.reference) }
            #expect(time >= .seconds(1))
        }
    }

    @Test func `Retry-After is capped`() async throws {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, attempt in
                attempt == 1 ? .status(503, headers: ["Retry-After": "86400"]) : .none
            }
            let time = try await ContinuousClock().measure { _ = try await fixture.client.resolve(fixture.reference) }
            #expect(time < .seconds(3600), "not the day that was asked for")
        }
    }

    @Test func `a registry that is not there is unavailable, and connections that break at once are too`() async throws
    {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in .cut(after: -1) }
            await #expect(throws: failure(.unavailable)) { try await fixture.client.resolve(fixture.reference) }
            #expect(fixture.registry.requests(for: path).count >= 3)
            await fixture.registry.shutdown()
            let error = await #expect(throws: RegistryError.self) {
                try await fixture.client.resolve(fixture.reference)
            }
            #expect(error?.code == .unavailable)
            #expect(
                error?.message.contains("the connection to http://\(fixture.registry.host) failed: it was refused; ")
                    == true)
        }
    }

    @Test func `a client that was shut down does nothing any more`() async throws {
        try await RegistryFixture.with { fixture in
            fixture.manifest()
            _ = try await fixture.client.resolve(fixture.reference)
            await fixture.client.shutdown()
            await #expect(throws: failure(.unavailable)) { try await fixture.client.resolve(fixture.reference) }
        }
    }

    @Test func `delays grow, are random from zero, and end at the maximum`() {
        let policy = RetryPolicy(attempts: 9, baseDelay: .milliseconds(100), maximumDelay: .seconds(1))
        for failure in 1...70 {
            let ceiling = min(Duration.seconds(1), .milliseconds(100) * (1 << min(failure - 1, 10)))
            let delays = (0..<50).map { _ in policy.delay(afterFailure: failure, .backoff) }
            #expect(delays.allSatisfy { $0 >= .zero && $0 <= ceiling })
            #expect(Set(delays).count > 1)
        }
        #expect(policy.delay(afterFailure: 1, .after(.seconds(100))) == .seconds(1))
        #expect(RetryPolicy(attempts: 0).attempts == 1)
    }

    @Test(
        arguments: [
            (value: "120", seconds: 120), (value: " 7 ", seconds: 7),
            (value: "Sun, 06 Nov 1994 08:49:47 GMT", seconds: 10),
            (value: "Sun, 06 Nov 1994 08:49:00 GMT", seconds: 0),
            (value: "Thu, 29 Feb 1996 00:00:00 GMT", seconds: 41_440_223),
            (value: "-5", seconds: nil), (value: "soon", seconds: nil), (value: "", seconds: nil),
            (value: "Sun, 06 Nov 1994 08:49:47 CET", seconds: nil),
            (value: "99999999999999999999", seconds: 2_147_483_647),
        ] as [(String, Int?)])
    func `Retry-After is read as seconds or a date`(value: String, seconds: Int?) {
        // Sun, 06 Nov 1994 08:49:37 GMT
        #expect(RetryPolicy.retryAfter(value, now: 784_111_777) == seconds.map { .seconds($0) })
    }
}
