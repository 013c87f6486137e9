import NIOHTTP1
public import OCI

/// Reads images from registries, every byte counted and compared with the descriptor that names it, and pushes them.
///
/// Speaks HTTP/1.1, follows redirects without taking credentials along, and makes failed requests again as its policy
/// says. All calls may run at the same time. Call `shutdown()` at the end.
///
/// Spec: distribution-spec v1.1 § Pull, § Push.
public final class RegistryClient: Sendable {
    let retry: RetryPolicy
    private let access: [String: RegistryAccess]
    let transport: Transport
    private let authorizer: Authorizer

    /// A client; nothing is connected or read yet.
    ///
    /// - Parameters:
    ///   - access: Settings by registry as it stands in references, `host[:port]` or `docker.io`.
    ///   - environment: Where credentials, docker's configuration and proxies are found.
    ///   - retry: How often and how soon to try again.
    ///   - userAgent: How to call ourselves.
    public init(
        access: [String: RegistryAccess] = [:], environment: [String: String], retry: RetryPolicy = RetryPolicy(),
        userAgent: String = "bundle"
    ) {
        self.access = access
        self.retry = retry
        transport = Transport(access: access, environment: environment, retry: retry, userAgent: userAgent)
        authorizer = Authorizer(
            credentials: CredentialStore(access: access, environment: environment), transport: transport)
    }

    /// Closes all connections; nothing can be read afterwards.
    public func shutdown() async { await transport.shutdown() }

    /// Gets the index or manifest that a reference names: by its digest if it has one, else by its tag.
    ///
    /// The digest is computed from the bytes; `Docker-Content-Digest` must agree where it is sent. At most 4 MiB.
    ///
    /// - Throws: `RegistryError`; `ambiguousDocument` when type, header and document disagree.
    public func resolve(
        _ reference: Reference
    ) async throws(RegistryError) -> (descriptor: Descriptor, bytes: [UInt8]) {
        let exchange = try exchange(reference, "reading \(reference)")
        let name = reference.digest?.description ?? reference.tag ?? "latest"
        let policy = retry
        return try await policy.retrying { () throws(RegistryError) in
            let (bytes, response) = try await small(
                "manifests/\(name)", exchange, limit: ImageDocument.maximumSize, size: nil)
            let mediaType = try mediaType(response, exchange)
            let digest = digest(of: bytes)
            if let expected = reference.digest, expected != digest {
                throw wrongDigest(exchange, expected: expected, found: digest)
            }
            try compareDigestHeader(response, digest, exchange)
            try parse(bytes, mediaType, exchange)
            return (Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count)), bytes)
        }
    }

    /// Gets the index or manifest that a descriptor names, such as one manifest of an index; at most 4 MiB.
    ///
    /// - Throws: `RegistryError`; `ambiguousDocument` when it is not of the descriptor's media type.
    public func document(
        _ descriptor: Descriptor, in repository: Reference
    ) async throws(RegistryError) -> [UInt8] {
        let exchange = try exchange(repository, "reading \(repository.name)@\(descriptor.digest)")
        let policy = retry
        return try await policy.retrying { () throws(RegistryError) in
            let (bytes, response) = try await small(
                "manifests/\(descriptor.digest)", exchange, limit: ImageDocument.maximumSize, size: descriptor.size)
            let mediaType = try mediaType(response, exchange)
            guard mediaType == descriptor.mediaType else {
                throw RegistryError(
                    .ambiguousDocument,
                    "\(exchange.task): it is served as \(mediaType), but referred to as \(descriptor.mediaType)")
            }
            try compare(bytes, descriptor, exchange)
            try compareDigestHeader(response, descriptor.digest, exchange)
            try parse(bytes, mediaType, exchange)
            return bytes
        }
    }

    /// Gets a small blob, such as an image config, into memory; at most 4 MiB.
    ///
    /// - Throws: `RegistryError`.
    public func config(
        _ descriptor: Descriptor, in repository: Reference
    ) async throws(RegistryError) -> [UInt8] {
        let exchange = try exchange(repository, "reading the blob \(repository.name)@\(descriptor.digest)")
        let policy = retry
        return try await policy.retrying { () throws(RegistryError) in
            let (bytes, _) = try await small(
                "blobs/\(descriptor.digest)", exchange, limit: ImageDocument.maximumSize, size: descriptor.size)
            try compare(bytes, descriptor, exchange)
            return bytes
        }
    }

    func exchange(_ reference: Reference, _ task: String) throws(RegistryError) -> Exchange {
        Exchange(
            transport: transport, authorizer: authorizer,
            endpoint: try Endpoint(registry: reference.registry, access: access[reference.registry]),
            repository: reference.repository, task: task)
    }
}
