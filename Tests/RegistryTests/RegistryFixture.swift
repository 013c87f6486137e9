import Cryptography
import OCI
import Registry
import TestSupport

/// A lying registry and a client with little patience, ended together.
struct RegistryFixture {
    let registry: LyingRegistry
    let client: RegistryClient
    let reference: Reference

    static let retry = RetryPolicy(
        attempts: 3, baseDelay: .milliseconds(2), maximumDelay: .milliseconds(20), idleTimeout: .seconds(180),
        connectTimeout: .seconds(180))

    static func with(
        environment: [String: String] = [:], credentials: Credentials? = nil, retry: RetryPolicy = retry,
        _ body: (RegistryFixture) async throws -> Void
    ) async throws {
        let registry = try await LyingRegistry()
        let client = RegistryClient(
            access: [registry.host: RegistryAccess(credentials: credentials)], environment: environment, retry: retry)
        let fixture = RegistryFixture(
            registry: registry, client: client, reference: try registry.reference("team/app:1"))
        do { try await body(fixture) } catch {
            await client.shutdown()
            await registry.shutdown()
            throw error
        }
        await client.shutdown()
        await registry.shutdown()
    }

    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = DeterministicRandom(seed: seed)
        return random.bytes(count)
    }

    /// Serves a blob, and gives its descriptor and path.
    func blob(_ bytes: [UInt8]) -> (descriptor: Descriptor, path: String) {
        let descriptor = registry.serve(blob: bytes, repository: "team/app")
        return (descriptor, LyingRegistry.blobPath("team/app", descriptor.digest))
    }

    func fetch(_ descriptor: Descriptor, into sink: MemorySink) async throws(RegistryError) {
        try await client.fetchBlob(descriptor, in: reference, into: sink)
    }

    /// The text of a manifest with one layer.
    static func manifest(_ note: String = "a") -> [UInt8] {
        let empty = "sha256:" + String(repeating: "0", count: 64)
        return Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","annotations":{"note":"\(note)"},\
            "config":{"mediaType":"\(MediaType.ociConfig)","digest":"\(empty)","size":2},\
            "layers":[{"mediaType":"\(MediaType.ociLayerGzip)","digest":"\(empty)","size":3}]}
            """.utf8)
    }

    /// Serves a manifest under the tag `1`, and gives its descriptor and the path of the tag.
    @discardableResult
    func manifest(_ bytes: [UInt8] = manifest()) -> (descriptor: Descriptor, path: String) {
        let descriptor = registry.serve(
            document: bytes, mediaType: .ociManifest, repository: "team/app", tags: ["1"])
        return (descriptor, LyingRegistry.manifestPath("team/app", "1"))
    }
}

/// A sink that keeps everything, and counts.
final class MemorySink: BlobSink {
    private(set) var bytes: [UInt8]
    private(set) var appended = 0
    private(set) var restarts = 0
    private let digest: Digest
    private let failure: (any Error)?

    init(_ descriptor: Descriptor, holding bytes: [UInt8] = [], failure: (any Error)? = nil) {
        digest = descriptor.digest
        self.bytes = bytes
        self.failure = failure
    }

    var received: Int64 { Int64(bytes.count) }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        if let failure { throw failure }
        self.bytes += bytes
        appended += bytes.count
    }

    func restart() throws {
        bytes = []
        restarts += 1
    }

    func finish() throws -> Bool { SHA256Hasher.digest(of: bytes) == digest }
}

/// An error of a code; equal to every other error of that code.
func failure(_ code: RegistryError.Code) -> RegistryError { RegistryError(code, "") }
