import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1
public import OCI

/// What a registry has, and what it is given.
///
/// Spec: distribution-spec v1.1 § Push.
extension RegistryClient {
    /// Whether a repository has a blob of this digest and size.
    ///
    /// - Throws: `RegistryError`; `sizeMismatch` when it has one of another size.
    public func hasBlob(_ descriptor: Descriptor, in repository: Reference) async throws(RegistryError) -> Bool {
        let exchange = try pushing(repository, "asking for the blob \(repository.name)@\(descriptor.digest)")
        guard let response = try await head("blobs/\(descriptor.digest)", exchange) else { return false }
        if let size = response.announcedLength, size != descriptor.size {
            throw RegistryError(
                .sizeMismatch,
                "\(exchange.task): it is there with \(size) bytes, not \(descriptor.size); remove it from the registry")
        }
        return true
    }

    /// The digest of what a reference names: by its digest if it has one, else by its tag; nil when it is not there.
    ///
    /// - Throws: `RegistryError`.
    public func manifestDigest(_ reference: Reference) async throws(RegistryError) -> Digest? {
        let exchange = try pushing(reference, "asking for \(reference)")
        let name = reference.digest?.description ?? reference.tag ?? "latest"
        guard let response = try await head("manifests/\(name)", exchange) else { return nil }
        if let digest = reference.digest { return digest }
        guard let text = try response.header("Docker-Content-Digest", task: exchange.task),
            let digest = try? Digest(parsing: text)
        else {
            do throws(RegistryError) { return try await resolve(reference).descriptor.digest } catch {
                // What it is called is no document that we know, so it is surely not ours.
                guard error.code == .ambiguousDocument else { throw error }
                throw RegistryError(
                    .invalidResponse,
                    "\(exchange.task): the registry gives no digest of it, and its bytes are no image",
                    cause: error)
            }
        }
        return digest
    }

    /// Puts an index or manifest into a repository, under a tag or by its digest alone.
    ///
    /// - Parameters:
    ///   - descriptor: Its media type, digest and size.
    ///   - bytes: The document, which the registry must keep as it is.
    ///   - repository: Where it goes.
    ///   - tag: The tag that shall point to it; nil for none.
    /// - Throws: `RegistryError`; `refused` when the registry lacks what it refers to, or knows no such documents.
    public func push(
        _ descriptor: Descriptor, _ bytes: [UInt8], to repository: Reference, tag: String?
    ) async throws(RegistryError) {
        let name = "\(repository.name)\(tag.map { ":\($0)" } ?? "@\(descriptor.digest)")"
        let exchange = try pushing(repository, "pushing \(name)")
        let url = try exchange.url("manifests/\(tag ?? descriptor.digest.description)")
        let policy = retry
        try await policy.retrying { () throws(RegistryError) in
            let answer = try await exchange.send(
                Request(
                    method: .PUT, url: url, headers: [("Content-Type", descriptor.mediaType.rawValue)], body: bytes))
            switch answer.response.status.code {
            case 200...202:
                await answer.response.drain()
                try compareDigestHeader(answer.response, descriptor.digest, exchange)
            case 400, 404, 405, 415:
                let error = await exchange.failure(answer)
                throw RegistryError(.refused, error.message, cause: error)
            default: throw await exchange.failure(answer)
            }
        }
    }

    /// An exchange that may write.
    func pushing(
        _ reference: Reference, _ task: String, mountingFrom source: String? = nil
    ) throws(RegistryError) -> Exchange {
        var exchange = try exchange(reference, task)
        exchange.rights = .push(mountingFrom: source)
        return exchange
    }

    /// The head of something; nil when it is not there.
    private func head(_ path: String, _ exchange: Exchange) async throws(RegistryError) -> Transport.Response? {
        let request = Request(method: .HEAD, url: try exchange.url(path), headers: [("Accept", Self.accepted)])
        let policy = retry
        return try await policy.retrying { () throws(RegistryError) in
            let answer = try await exchange.send(request)
            switch answer.response.status.code {
            case 200:
                await answer.response.drain()
                return answer.response
            case 404:
                await answer.response.drain()
                return nil
            default: throw await exchange.failure(answer)
            }
        }
    }
}
