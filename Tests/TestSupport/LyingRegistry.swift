import Cryptography
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
public import OCI
import Synchronization

/// A registry on a loopback port that serves what it is given, and misbehaves where a test tells it to.
///
/// Speaks plain HTTP/1.1 with Range requests. It remembers every request. End it with `shutdown()`.
public final class LyingRegistry: Sendable {
    /// What is served at one path.
    public struct Resource: Sendable {
        /// The body.
        public var bytes: [UInt8]
        /// Headers beside the length, by name.
        public var headers: [String: String]

        /// A body with its headers.
        public init(_ bytes: [UInt8], headers: [String: String] = ["Content-Type": "application/octet-stream"]) {
            self.bytes = bytes
            self.headers = headers
        }
    }

    /// A request that came.
    public struct Request: Sendable {
        /// As `GET`.
        public let method: String
        /// The path, without the query.
        public let path: String
        /// What stands after `?`; empty when there is none.
        public let query: String
        /// The headers, in their order.
        public let headers: [(name: String, value: String)]

        /// The first value of a header, by its name in any case.
        public subscript(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// Decides what is wrong with an answer; gets the request and how many there were for its path, this one included.
    public typealias Decision = @Sendable (_ request: Request, _ attempt: Int) -> Fault

    struct State {
        var resources: [String: Resource] = [:]
        var faults: [String: Decision] = [:]
        var requests: [Request] = []
    }

    /// The port that it listens on.
    public let port: Int
    private let channel: any Channel
    private let state: SharedState

    /// What the connections share with the registry.
    final class SharedState: Sendable {
        let value = Mutex(State())
    }

    /// Starts a registry that has nothing yet.
    public init() async throws {
        let state = SharedState()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(LyingConnection(state: state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.channel = channel
        self.state = state
        port = channel.localAddress?.port ?? 0
    }

    /// Stops listening; connections that are open end with their clients.
    public func shutdown() async {
        do { try await channel.close() } catch { return }
    }

    /// `127.0.0.1:PORT`, as it stands in references.
    public var host: String { "127.0.0.1:\(port)" }

    /// A reference into this registry, of `name:tag` or `name@digest`.
    public func reference(_ name: String) throws -> Reference { try Reference(parsing: "\(host)/\(name)") }

    /// All requests so far.
    public var requests: [Request] { state.value.withLock { $0.requests } }

    /// The requests for one path so far.
    public func requests(for path: String) -> [Request] { requests.filter { $0.path == path } }

    /// Serves something at a path, instead of what was there.
    public func serve(_ resource: Resource, at path: String) { state.value.withLock { $0.resources[path] = resource } }

    /// Serves a manifest or index by its digest and tags; the honest way.
    @discardableResult
    public func serve(document bytes: [UInt8], mediaType: MediaType, repository: String, tags: [String] = [])
        -> Descriptor
    {
        let digest = SHA256Hasher.digest(of: bytes)
        let resource = Resource(
            bytes, headers: ["Content-Type": mediaType.rawValue, "Docker-Content-Digest": digest.description])
        for name in tags + [digest.description] { serve(resource, at: Self.manifestPath(repository, name)) }
        return Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count))
    }

    /// Serves a blob by its digest; the honest way.
    @discardableResult
    public func serve(blob bytes: [UInt8], mediaType: MediaType = .ociLayerGzip, repository: String) -> Descriptor {
        let digest = SHA256Hasher.digest(of: bytes)
        serve(Resource(bytes), at: Self.blobPath(repository, digest))
        return Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count))
    }

    /// Serves everything of a set of images in one repository, with its tags.
    public func serve(_ images: ImageSet, repository: String) {
        for (digest, bytes) in images.blobs { serve(Resource(bytes), at: Self.blobPath(repository, digest)) }
        var waiting = images.names.map { ($0.descriptor, [$0.tag]) }
        while let (descriptor, tags) = waiting.popLast() {
            guard let bytes = images.blobs[descriptor.digest] else { continue }
            serve(document: bytes, mediaType: descriptor.mediaType, repository: repository, tags: tags)
            if case .index(let index)? = try? ImageDocument(parsing: bytes, mediaType: descriptor.mediaType) {
                waiting += index.manifests.map { ($0, []) }
            }
        }
    }

    /// Misbehaves at a path, or with `*` everywhere else.
    public func fault(on path: String, _ decide: @escaping Decision) {
        state.value.withLock { $0.faults[path] = decide }
    }

    /// The path of a manifest by tag or digest.
    public static func manifestPath(_ repository: String, _ name: String) -> String {
        "/v2/\(repository)/manifests/\(name)"
    }

    /// The path of a blob.
    public static func blobPath(_ repository: String, _ digest: Digest) -> String {
        "/v2/\(repository)/blobs/\(digest)"
    }
}
