import Cryptography
import OCI
import Registry
import TestSupport
import Testing

@Suite struct DocumentTests {
    @Test func `a tag gives the descriptor of the bytes that came`() async throws {
        try await RegistryFixture.with { fixture in
            let (expected, path) = fixture.manifest()
            let (descriptor, bytes) = try await fixture.client.resolve(fixture.reference)
            #expect(descriptor == expected)
            #expect(bytes == RegistryFixture.manifest())
            let accept = fixture.registry.requests(for: path).first?["Accept"] ?? ""
            for type in [MediaType.ociIndex, .ociManifest, .dockerIndex, .dockerManifest] {
                #expect(accept.contains(type.rawValue))
            }
        }
    }

    @Test func `a digest beside a tag is what is asked for`() async throws {
        try await RegistryFixture.with { fixture in
            let (pinned, tagPath) = fixture.manifest(RegistryFixture.manifest("old"))
            fixture.manifest(RegistryFixture.manifest("new"))
            let (descriptor, _) = try await fixture.client.resolve(fixture.reference.pinned(to: pinned.digest))
            #expect(descriptor == pinned)
            #expect(fixture.registry.requests(for: tagPath).isEmpty)
        }
    }

    @Test func `a tag that moves between two requests gives two documents, each of its own digest`() async throws {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest(RegistryFixture.manifest("old"))
            let new = RegistryFixture.manifest("new")
            fixture.registry.fault(on: path) { _, attempt in
                attempt == 1
                    ? .none
                    : LyingRegistry.Fault.body(new).with {
                        $0.headers = ["Docker-Content-Digest": SHA256Hasher.digest(of: new).description]
                    }
            }
            let first = try await fixture.client.resolve(fixture.reference)
            let second = try await fixture.client.resolve(fixture.reference)
            #expect(first.descriptor.digest == SHA256Hasher.digest(of: RegistryFixture.manifest("old")))
            #expect(second.descriptor.digest == SHA256Hasher.digest(of: new))
        }
    }

    @Test func `a registry whose digest header contradicts its bytes is not believed`() async throws {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in .body(RegistryFixture.manifest("other")) }
            await #expect(throws: failure(.digestMismatch)) { try await fixture.client.resolve(fixture.reference) }
        }
    }

    @Test func `a document without the digest header is accepted, since the bytes decide`() async throws {
        try await RegistryFixture.with { fixture in
            let (expected, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in .headers(["Docker-Content-Digest": nil]) }
            let found = try await fixture.client.resolve(fixture.reference).descriptor
            #expect(found == expected)
        }
    }

    @Test func `a reference by digest refuses other bytes`() async throws {
        try await RegistryFixture.with { fixture in
            let (descriptor, _) = fixture.manifest()
            let path = LyingRegistry.manifestPath("team/app", descriptor.digest.description)
            fixture.registry.fault(on: path) { _, _ in
                LyingRegistry.Fault.body(RegistryFixture.manifest("b")).with {
                    $0.headers = ["Docker-Content-Digest": nil]
                }
            }
            let reference = fixture.reference.pinned(to: descriptor.digest)
            await #expect(throws: failure(.digestMismatch)) { try await fixture.client.resolve(reference) }
            await #expect(throws: failure(.digestMismatch)) {
                try await fixture.client.document(descriptor, in: fixture.reference)
            }
        }
    }

    private static let index = MediaType.ociIndex.rawValue

    @Test(arguments: [
        (why: "the Content-Type of an index on a manifest", type: index, body: nil),
        (why: "docker's type on an OCI document", type: MediaType.dockerManifest.rawValue, body: nil),
        (why: "no type of a document", type: "application/json", body: nil),
        (why: "an empty type", type: "", body: nil),
        (
            why: "both manifests and layers", type: index,
            body: #"{"schemaVersion":2,"manifests":[],"layers":[]}"#
        ),
        (why: "both manifests and config", type: index, body: #"{"schemaVersion":2,"manifests":[],"config":{}}"#),
        (
            why: "a duplicate key", type: index,
            body: #"{"schemaVersion":2,"manifests":[],"manifests":[]}"#
        ),
        (
            why: "a key twice by its escape", type: index,
            body: #"{"schemaVersion":2,"manifests":[],"manifest\u0073":[]}"#
        ),
        (why: "bytes after the document", type: index, body: #"{"schemaVersion":2,"manifests":[]} {}"#),
        (why: "schema 1", type: index, body: #"{"schemaVersion":1,"manifests":[]}"#),
    ])
    func `an ambiguous document is refused`(why: String, type: String, body: String?) async throws {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in
                var fault = LyingRegistry.Fault.headers(["Content-Type": type, "Docker-Content-Digest": nil])
                fault.body = body.map { Array($0.utf8) }
                return fault
            }
            await #expect(throws: failure(.ambiguousDocument), "\(why)") {
                try await fixture.client.resolve(fixture.reference)
            }
        }
    }

    @Test func `a document without a Content-Type is refused`() async throws {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in .headers(["Content-Type": nil]) }
            await #expect(throws: failure(.ambiguousDocument)) { try await fixture.client.resolve(fixture.reference) }
        }
    }

    @Test func `parameters and case of a Content-Type do not matter`() async throws {
        try await RegistryFixture.with { fixture in
            let (expected, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in
                .headers(["Content-Type": "Application/vnd.oci.image.manifest.v1+JSON; charset=utf-8"])
            }
            let found = try await fixture.client.resolve(fixture.reference).descriptor
            #expect(found == expected)
        }
    }

    @Test func `a child document must be of its descriptor's type and size`() async throws {
        try await RegistryFixture.with { fixture in
            let (right, _) = fixture.manifest()
            let found = try await fixture.client.document(right, in: fixture.reference)
            #expect(found == RegistryFixture.manifest())
            let other = Descriptor(mediaType: .dockerManifest, digest: right.digest, size: right.size)
            await #expect(throws: failure(.ambiguousDocument)) {
                try await fixture.client.document(other, in: fixture.reference)
            }
            for difference: Int64 in [-1, 1] {
                let wrong = Descriptor(mediaType: .ociManifest, digest: right.digest, size: right.size + difference)
                await #expect(throws: failure(.sizeMismatch)) {
                    try await fixture.client.document(wrong, in: fixture.reference)
                }
            }
        }
    }

    @Test func `a config is compared with its descriptor`() async throws {
        try await RegistryFixture.with { fixture in
            let content = Array("{}".utf8)
            let (descriptor, path) = fixture.blob(content)
            let found = try await fixture.client.config(descriptor, in: fixture.reference)
            #expect(found == content)
            fixture.registry.fault(on: path) { _, _ in .body(Array("[]".utf8)) }
            await #expect(throws: failure(.digestMismatch)) {
                try await fixture.client.config(descriptor, in: fixture.reference)
            }
            let huge = Descriptor(mediaType: .ociConfig, digest: descriptor.digest, size: 5 << 20)
            await #expect(throws: failure(.sizeMismatch)) {
                try await fixture.client.config(huge, in: fixture.reference)
            }
        }
    }

    @Test(arguments: [false, true])
    func `a document over 4 MiB is refused, also when it never ends`(isEndless: Bool) async throws {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in
                LyingRegistry.Fault.body([UInt8](repeating: 0x20, count: (4 << 20) + 1)).with {
                    $0.isEndless = isEndless
                }
            }
            await #expect(throws: failure(.sizeMismatch)) { try await fixture.client.resolve(fixture.reference) }
            #expect(fixture.registry.requests(for: path).count == 1)
        }
    }

    @Test func `an encoded document is refused`() async throws {
        try await RegistryFixture.with { fixture in
            let (_, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, _ in .headers(["Content-Encoding": "gzip"]) }
            await #expect(throws: failure(.invalidResponse)) { try await fixture.client.resolve(fixture.reference) }
        }
    }

    @Test func `a missing tag is not found, and the message names it`() async throws {
        try await RegistryFixture.with { fixture in
            let error = await #expect(throws: RegistryError.self) {
                try await fixture.client.resolve(fixture.reference)
            }
            #expect(error?.code == .notFound)
            #expect(error?.message.contains(fixture.reference.description) == true)
        }
    }

    @Test func `a document that breaks off is read again`() async throws {
        try await RegistryFixture.with { fixture in
            let (expected, path) = fixture.manifest()
            fixture.registry.fault(on: path) { _, attempt in
                attempt < 3 ? .cut(after: 20, delay: .milliseconds(50)) : .none
            }
            let found = try await fixture.client.resolve(fixture.reference).descriptor
            #expect(found == expected)
        }
    }
}
