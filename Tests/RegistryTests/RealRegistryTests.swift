import Foundation
import OCI
import Registry
import TestSupport
import Testing

@Suite(.enabled(if: Toolbox.has("docker-registry", "htpasswd", "curl", "openssl")))
struct RealRegistryTests {
    private static func with(
        _ registry: DockerRegistry, _ access: RegistryAccess = RegistryAccess(), environment: [String: String] = [:],
        _ body: (RegistryClient) async throws -> Void
    ) async throws {
        let client = RegistryClient(
            access: [registry.host: access], environment: environment, retry: RegistryFixture.retry)
        do { try await body(client) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    /// Reads all that a reference stands for, and compares it with what was pushed.
    private static func read(_ reference: Reference, of images: ImageSet, _ client: RegistryClient) async throws -> Int
    {
        var count = 0
        let root = try await client.resolve(reference)
        #expect(images.blobs[root.descriptor.digest] == root.bytes)
        var waiting = [(root.descriptor, root.bytes)]
        while let (descriptor, bytes) = waiting.popLast() {
            count += 1
            switch try ImageDocument(parsing: bytes, mediaType: descriptor.mediaType) {
            case .index(let index):
                for child in index.manifests {
                    waiting.append((child, try await client.document(child, in: reference)))
                }
            case .manifest(let manifest):
                let found = try await client.config(manifest.config, in: reference)
                #expect(found == images.blobs[manifest.config.digest])
                for layer in manifest.layers {
                    let sink = MemorySink(layer)
                    try await client.fetchBlob(layer, in: reference, into: sink)
                    #expect(sink.bytes == images.blobs[layer.digest])
                    count += 1
                }
            }
        }
        return count
    }

    @Test(arguments: [
        (scenario: ImageFactory.Scenario.multiPlatform, tag: "multi"), (scenario: .dockerSchema2, tag: "schema2"),
        (scenario: .dockerSchema2, tag: "list"), (scenario: .hundredLayers, tag: "hundred"),
    ])
    func `images of every kind come back bit for bit`(scenario: ImageFactory.Scenario, tag: String) async throws {
        let registry = try await DockerRegistry()
        let images = try await ImageFactory.make(scenario)
        let root = try await Push.requests(images, tag: tag, as: "team/app:1", to: registry)
        try await Self.with(registry) { client in
            let byTag = try Reference(parsing: registry.reference("team/app:1"))
            let found = try await Self.read(byTag, of: images, client)
            #expect(found > 1)
            let byDigest = try Reference(parsing: registry.reference("team/app@\(root.digest)"))
            let pinned = try await client.resolve(byDigest).descriptor.digest
            #expect(pinned == root.digest)
        }
        await registry.stop()
    }

    @Test func `an interrupted blob goes on by Range`() async throws {
        let registry = try await DockerRegistry()
        let content = RegistryFixture.bytes(300_000)
        let descriptor = try await Self.push(content, to: registry)
        try await Self.with(registry) { client in
            let sink = MemorySink(descriptor, holding: Array(content.prefix(123_456)))
            try await client.fetchBlob(descriptor, in: Reference(parsing: registry.reference("team/app")), into: sink)
            #expect(sink.bytes == content)
            #expect(sink.appended == 300_000 - 123_456)
            #expect(sink.restarts == 0)
        }
        await registry.stop()
    }

    private static func push(_ content: [UInt8], to registry: DockerRegistry) async throws -> Descriptor {
        var images = ImageSet()
        let descriptor = images.add(content, mediaType: .ociLayer)
        try await Push.putBlob(content, digest: descriptor.digest, repository: "team/app", to: registry)
        return descriptor
    }

    @Test func `basic authentication takes the credentials of settings, docker's config or the environment`()
        async throws
    {
        let registry = try await DockerRegistry(credentials: .init(username: "anna", password: "pass:word"))
        let descriptor = try await Self.push([1, 2, 3], to: registry)
        let reference = try Reference(parsing: registry.reference("team/app"))
        let directory = try TemporaryDirectory()
        let encoded = Data("anna:pass:word".utf8).base64EncodedString()
        try directory.write(#"{"auths":{"http://\#(registry.host)/":{"auth":"\#(encoded)"}}}"#, to: "config.json")
        let ways: [(Credentials?, [String: String])] = [
            (Credentials(username: "anna", password: "pass:word"), [:]), (nil, ["DOCKER_CONFIG": directory.path]),
            (nil, ["REGISTRY_AUTH_FILE": directory.path("config.json")]), (nil, ["HOME": directory.path]),
            (nil, ["REGISTRY_USERNAME": "anna", "REGISTRY_PASSWORD": "pass:word"]),
        ]
        try FileManager.default.createSymbolicLink(
            atPath: directory.path(".docker"), withDestinationPath: directory.path)
        for (credentials, environment) in ways {
            try await Self.with(registry, RegistryAccess(credentials: credentials), environment: environment) {
                client in
                let found = try await client.config(descriptor, in: reference)
                #expect(found == [1, 2, 3])
            }
        }
        for credentials in [nil, Credentials(username: "anna", password: "wrong")] {
            try await Self.with(registry, RegistryAccess(credentials: credentials)) { client in
                await #expect(throws: failure(.unauthorized)) { try await client.config(descriptor, in: reference) }
            }
        }
        await registry.stop()
    }

    @Test func `TLS needs the registry's authority, or consent to go without`() async throws {
        let registry = try await DockerRegistry(tls: true)
        let directory = try TemporaryDirectory()
        var images = ImageSet()
        let descriptor = images.add([1, 2, 3], mediaType: .ociLayer)
        try await Push.putBlob([1, 2, 3], digest: descriptor.digest, repository: "team/app", to: registry)
        let reference = try Reference(parsing: registry.reference("team/app"))
        for access in [RegistryAccess(caFile: registry.authorityFile), RegistryAccess(insecureSkipTLSVerify: true)] {
            try await Self.with(registry, access) { client in
                let found = try await client.config(descriptor, in: reference)
                #expect(found == [1, 2, 3])
            }
        }
        let garbage = try directory.write("no certificate", to: "garbage.pem")
        for access in [
            RegistryAccess(plainHTTP: false), RegistryAccess(caFile: garbage),
            RegistryAccess(caFile: directory.path("absent.pem")),
            RegistryAccess(caFile: registry.authorityFile, certificate: garbage),
        ] {
            try await Self.with(registry, access) { client in
                await #expect(throws: failure(.tls)) { try await client.config(descriptor, in: reference) }
            }
        }
        await registry.stop()
    }

    @Test func `https to a registry without TLS fails as TLS`() async throws {
        let registry = try await DockerRegistry()
        try await Self.with(registry, RegistryAccess(plainHTTP: false)) { client in
            await #expect(throws: failure(.tls)) {
                try await client.resolve(Reference(parsing: registry.reference("team/app")))
            }
        }
        await registry.stop()
    }

    @Test func `what is not there is not found`() async throws {
        let registry = try await DockerRegistry()
        let descriptor = try await Self.push([1], to: registry)
        try await Self.with(registry) { client in
            await #expect(throws: failure(.notFound)) {
                try await client.resolve(Reference(parsing: registry.reference("team/none:1")))
            }
            let absent = Descriptor(
                mediaType: .ociLayer, digest: Digest(bytes: [UInt8](repeating: 7, count: 32)), size: 1)
            let reference = try Reference(parsing: registry.reference("team/app"))
            await #expect(throws: failure(.notFound)) {
                try await client.fetchBlob(absent, in: reference, into: MemorySink(absent))
            }
            try await client.fetchBlob(descriptor, in: reference, into: MemorySink(descriptor))
        }
        await registry.stop()
    }
}
