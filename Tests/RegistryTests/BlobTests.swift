import OCI
import Registry
import TestSupport
import Testing

@Suite struct BlobTests {
    private static let content = RegistryFixture.bytes(40_000)

    @Test(arguments: [0, 1, 40_000, 3_000_000])
    func `a blob arrives whole`(size: Int) async throws {
        try await RegistryFixture.with { fixture in
            let bytes = RegistryFixture.bytes(size)
            let (descriptor, _) = fixture.blob(bytes)
            let sink = MemorySink(descriptor)
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == bytes)
        }
    }

    @Test(arguments: [-1, 0, 1, 2, 63, 8191, 8192, 20_000, 39_998, 39_999])
    func `a blob that breaks at any point goes on there by Range`(point: Int) async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { _, attempt in attempt == 1 ? .cut(after: point) : .none }
            let sink = MemorySink(descriptor)
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == Self.content)
            #expect(sink.appended == Self.content.count, "no byte may travel twice")
            #expect(sink.restarts == 0)
            let ranges = fixture.registry.requests(for: path).map { $0["Range"] }
            #expect(ranges.first == .some(nil))
            #expect(ranges.count == 2)
            if let range = ranges.last ?? nil {
                let start = Int(range.dropFirst(6).dropLast()) ?? 0
                #expect(1...max(point, 1) ~= start, "\(range)")
            } else {
                // Of a few bytes the HTTP client may have handed on none.
                #expect(point < 100)
            }
        }
    }

    @Test func `a blob that breaks far more often than there are attempts arrives as long as it gets further`()
        async throws
    {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { _, _ in .cut(after: 1500, delay: .milliseconds(50)) }
            let sink = MemorySink(descriptor)
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == Self.content)
            #expect(fixture.registry.requests(for: path).count >= 27)
        }
    }

    @Test func `a blob that never gets further is given up`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { request, _ in
                .cut(after: request["Range"] == nil ? 10 : 0, delay: .milliseconds(50))
            }
            let sink = MemorySink(descriptor)
            await #expect(throws: failure(.unavailable)) { try await fixture.fetch(descriptor, into: sink) }
            #expect(fixture.registry.requests(for: path).count >= 3)
            #expect(sink.received <= 10)
        }
    }

    @Test func `what an earlier sink holds is not fetched again`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            let sink = MemorySink(descriptor, holding: Array(Self.content.prefix(25_000)))
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == Self.content)
            #expect(sink.appended == 15_000)
            let whole = MemorySink(descriptor, holding: Self.content)
            try await fixture.fetch(descriptor, into: whole)
            #expect(fixture.registry.requests(for: path).count == 1)
        }
    }

    @Test(arguments: [(held: 39_000, why: "wrong"), (held: 50_000, why: "too long")])
    func `a sink that holds something else begins again`(held: Int, why: String) async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, _) = fixture.blob(Self.content)
            let sink = MemorySink(descriptor, holding: RegistryFixture.bytes(held, seed: 9))
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == Self.content)
            #expect(sink.restarts == 1)
        }
    }

    @Test func `a server that ignores Range is heard from the start`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { _, attempt in
                attempt == 1 ? .cut(after: 9000) : LyingRegistry.Fault.none.with { $0.ignoresRange = true }
            }
            let sink = MemorySink(descriptor)
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == Self.content)
            #expect(sink.restarts == 1)
        }
    }

    @Test func `a server that ignores Range and always breaks is given up`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { _, _ in
                LyingRegistry.Fault.cut(after: 9000, delay: .milliseconds(50)).with { $0.ignoresRange = true }
            }
            await #expect(throws: failure(.unavailable)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
            #expect(fixture.registry.requests(for: path).count <= 9)
        }
    }

    /// Where a request asks to go on; nil when it asks for all.
    private static func start(of request: LyingRegistry.Request) -> Int? {
        request["Range"].flatMap { Int($0.dropFirst(6).dropLast()) }
    }

    /// START is the byte from which on was asked, BEFORE and AFTER are those beside it.
    @Test(arguments: [
        "bytes BEFORE-39999/40000", "bytes AFTER-39999/40000", "bytes 0-39999/40000", "bytes START-40000/*", "garbage",
        nil, "bytes START-BEFORE/40000",
    ])
    func `a part that is not the one asked for is refused`(range: String?) async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { request, _ in
                guard let start = Self.start(of: request) else { return .cut(after: 9000) }
                let wrong = range?.replacing("BEFORE", with: "\(start - 1)").replacing("AFTER", with: "\(start + 1)")
                    .replacing("START", with: "\(start)")
                return .headers(["Content-Range": wrong])
            }
            let sink = MemorySink(descriptor)
            await #expect(throws: failure(.invalidResponse)) { try await fixture.fetch(descriptor, into: sink) }
            // Nothing of the wrong part was taken.
            let asked = fixture.registry.requests(for: path).last.flatMap(Self.start)
            #expect(asked == Int(sink.received) && sink.received > 0 && sink.received <= 9000)
        }
    }

    @Test func `a part of a blob of another size is refused`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { request, _ in
                guard let start = Self.start(of: request) else { return .cut(after: 9000) }
                return .headers(["Content-Range": "bytes \(start)-39999/40001"])
            }
            await #expect(throws: failure(.sizeMismatch)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
        }
    }

    @Test func `wrong bytes are fetched once more, and the right ones then accepted`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            let wrong = RegistryFixture.bytes(40_000, seed: 2)
            fixture.registry.fault(on: path) { _, attempt in attempt == 1 ? .body(wrong) : .none }
            let sink = MemorySink(descriptor)
            try await fixture.fetch(descriptor, into: sink)
            #expect(sink.bytes == Self.content)
            #expect(sink.restarts == 1)
        }
    }

    @Test func `wrong bytes that come twice are a wrong digest`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            let wrong = RegistryFixture.bytes(40_000, seed: 2)
            fixture.registry.fault(on: path) { _, _ in .body(wrong) }
            await #expect(throws: failure(.digestMismatch)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
            #expect(fixture.registry.requests(for: path).count == 2)
        }
    }

    @Test(arguments: [-1, 1], [false, true])
    func `a byte too many or too few is a wrong size, and never reaches the sink`(
        difference: Int, isChunked: Bool
    ) async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            let body = Array((Self.content + [0]).prefix(40_000 + difference))
            fixture.registry.fault(on: path) { _, _ in LyingRegistry.Fault.body(body).with { $0.isChunked = isChunked }
            }
            let sink = MemorySink(descriptor)
            await #expect(throws: failure(.sizeMismatch)) { try await fixture.fetch(descriptor, into: sink) }
            #expect(sink.received <= 40_000)
        }
    }

    @Test func `an endless body is left at once`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { _, _ in LyingRegistry.Fault.none.with { $0.isEndless = true } }
            let sink = MemorySink(descriptor)
            await #expect(throws: failure(.sizeMismatch)) { try await fixture.fetch(descriptor, into: sink) }
            #expect(sink.appended <= 40_000)
            #expect(fixture.registry.requests(for: path).count == 1)
        }
    }

    @Test func `an encoded body is refused`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { _, _ in .headers(["Content-Encoding": "gzip"]) }
            await #expect(throws: failure(.invalidResponse)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
            #expect(fixture.registry.requests(for: path).first?["Accept-Encoding"] == "identity")
        }
    }

    @Test func `a full disk keeps its meaning`() async throws {
        struct Full: Error {}
        try await RegistryFixture.with { fixture in
            let (descriptor, _) = fixture.blob(Self.content)
            let error = await #expect(throws: RegistryError.self) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor, failure: Full()))
            }
            #expect(error?.code == .sink)
            #expect(error?.cause is Full)
        }
    }

    @Test func `a trickle slower than the idle limit is left, and silence too`() async throws {
        let hasty = RetryPolicy(
            attempts: 2, baseDelay: .milliseconds(1), maximumDelay: .milliseconds(2), idleTimeout: .seconds(3))
        try await RegistryFixture.with(retry: hasty) { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { _, _ in LyingRegistry.Fault.none.with { $0.isSilent = true } }
            await #expect(throws: failure(.unavailable)) {
                try await fixture.fetch(descriptor, into: MemorySink(descriptor))
            }
            fixture.registry.fault(on: path) { request, _ in
                LyingRegistry.Fault.none.with {
                    $0.pause = .seconds(120)
                    $0.isSilent = request["Range"] != nil
                }
            }
            let sink = MemorySink(descriptor)
            await #expect(throws: failure(.unavailable)) { try await fixture.fetch(descriptor, into: sink) }
            #expect(sink.received <= 1)
        }
    }

    @Test func `many blobs at once arrive whole`() async throws {
        try await RegistryFixture.with { fixture in
            let client = fixture.client
            let reference = fixture.reference
            let blobs = (0..<24).map { RegistryFixture.bytes(100_000 + $0, seed: UInt64($0)) }
            let descriptors = blobs.map { fixture.blob($0).descriptor }
            fixture.registry.fault(on: "*") { _, attempt in
                attempt == 1 ? .cut(after: 50_000, delay: .milliseconds(50)) : .none
            }
            try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
                for (index, descriptor) in descriptors.enumerated() {
                    group.addTask {
                        let sink = MemorySink(descriptor)
                        try await client.fetchBlob(descriptor, in: reference, into: sink)
                        return (index, sink.bytes)
                    }
                }
                for try await (index, bytes) in group { #expect(bytes == blobs[index]) }
            }
        }
    }

    @Test func `a cancelled transfer ends soon`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, path) = fixture.blob(Self.content)
            fixture.registry.fault(on: path) { _, _ in LyingRegistry.Fault.none.with { $0.isSilent = true } }
            let client = fixture.client
            let reference = fixture.reference
            await withTaskGroup(of: RegistryError.Code?.self) { group in
                group.addTask {
                    do throws(RegistryError) {
                        try await client.fetchBlob(descriptor, in: reference, into: MemorySink(descriptor))
                        return nil
                    } catch { return error.code }
                }
                while fixture.registry.requests(for: path).isEmpty { await Task.yield() }
                group.cancelAll()
                for await code in group { #expect(code == .cancelled) }
            }
        }
    }
}
