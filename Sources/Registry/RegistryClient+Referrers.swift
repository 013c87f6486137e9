import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1
public import OCI

/// What points to a document of a repository.
///
/// Spec: distribution-spec v1.1 § Listing Referrers and § Referrers Tag Schema.
extension RegistryClient {
    /// More referrers of one digest than this are refused.
    public static let maximumReferrers = 1000

    /// Lists what points to a digest: as the registry's API has it, else as the list under the tag of the digest has it.
    ///
    /// Nothing of it is proved: whoever believes an entry reads it and compares its subject.
    ///
    /// - Returns: Descriptors of any type, each digest once, in the order of the registry.
    /// - Throws: `RegistryError`; `invalidResponse` when the list has no end.
    public func referrers(of digest: Digest, in repository: Reference) async throws(RegistryError) -> [Descriptor] {
        let listed: [Descriptor]
        if let found = try await referrersByAPI(of: digest, in: repository) {
            listed = found
        } else if let bytes = try await taggedReferrers(of: digest, in: repository) {
            let exchange = try exchange(repository, "reading the referrers of \(repository.name)@\(digest)")
            listed = try list(bytes, exchange)
        } else {
            return []
        }
        var seen: Set<Digest> = []
        return listed.filter { seen.insert($0.digest).inserted }
    }

    /// What a registry's API lists; nil where it has no such API.
    ///
    /// - Throws: `RegistryError`.
    public func referrersByAPI(
        of digest: Digest, in repository: Reference
    ) async throws(RegistryError) -> [Descriptor]? {
        let exchange = try exchange(repository, "listing the referrers of \(repository.name)@\(digest)")
        var url: URL? = try exchange.url("referrers/\(digest)")
        var found: [Descriptor] = []
        var pageCount = 0
        while let page = url {
            guard let (entries, next) = try await referrers(at: page, isFirst: pageCount == 0, exchange) else {
                return nil
            }
            found += entries
            pageCount += 1
            // A page may be empty, so both have to end.
            guard found.count <= Self.maximumReferrers, pageCount <= Self.maximumReferrers else {
                throw tooMany(exchange)
            }
            url = next
        }
        return found
    }

    /// The list that stands under the tag of a digest; nil when there is none.
    ///
    /// - Throws: `RegistryError`; `ambiguousDocument` when the tag is that of something else.
    public func taggedReferrers(of digest: Digest, in repository: Reference) async throws(RegistryError) -> [UInt8]? {
        let tag = ReferrerTag.list(of: digest)
        guard let found = try await find(tag, in: repository) else { return nil }
        guard found.descriptor.mediaType == .ociIndex else {
            throw RegistryError(
                .ambiguousDocument,
                "reading the referrers of \(repository.name)@\(digest): \(tag) is no list of them but of the type "
                    + "\(found.descriptor.mediaType); remove that tag")
        }
        return found.bytes
    }

    /// What a tag of a repository names; nil when there is no such tag.
    ///
    /// - Throws: `RegistryError`.
    public func find(
        _ tag: String, in repository: Reference
    ) async throws(RegistryError) -> (descriptor: Descriptor, bytes: [UInt8])? {
        let reference: Reference
        do throws(OCIError) { reference = try Reference(parsing: "\(repository.name):\(tag)") } catch {
            throw RegistryError(.invalidResponse, "naming the tag \(tag): \(error.message)", cause: error)
        }
        do throws(RegistryError) { return try await resolve(reference) } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// One page, and where the next one is; nil where the registry has no such API.
    private func referrers(
        at url: URL, isFirst: Bool, _ exchange: Exchange
    ) async throws(RegistryError) -> (entries: [Descriptor], next: URL?)? {
        let policy = retry
        return try await policy.retrying { () throws(RegistryError) in
            let answer = try await exchange.send(
                Request(
                    url: url,
                    headers: [("Accept", MediaType.ociIndex.rawValue), ("Accept-Encoding", "identity")]))
            let type = try answer.response.header("Content-Type", task: exchange.task)
            let isList = type?.prefix { $0 != ";" }.trimmingSpace.lowercased() == MediaType.ociIndex.rawValue
            switch answer.response.status.code {
            case 200 where isList: break
            // Registries that know no such path say so in many ways, some of them with a page for people.
            case 200 where isFirst, 400 where isFirst, 404 where isFirst, 405 where isFirst, 501 where isFirst:
                await answer.response.drain()
                return nil
            case 200:
                throw RegistryError(
                    .invalidResponse, "\(exchange.task): a page of the list is no image index; ask the registry's owner"
                )
            default: throw await exchange.failure(answer)
            }
            try answer.response.refuseEncoding(task: exchange.task)
            let bytes = try await answer.response.collect(
                limit: ImageDocument.maximumSize, task: exchange.task, origin: answer.origin)
            let next = try answer.response.nextPage(after: url, task: exchange.task)
            return (try list(bytes, exchange), next)
        }
    }

    private func list(_ bytes: [UInt8], _ exchange: Exchange) throws(RegistryError) -> [Descriptor] {
        let document: ImageDocument
        do throws(OCIError) { document = try ImageDocument(parsing: bytes, mediaType: .ociIndex) } catch {
            throw RegistryError(
                .ambiguousDocument, "\(exchange.task): the list is refused: \(error.message)", cause: error)
        }
        guard case .index(let index) = document else { return [] }
        guard index.manifests.count <= Self.maximumReferrers else { throw tooMany(exchange) }
        return index.manifests
    }

    private func tooMany(_ exchange: Exchange) -> RegistryError {
        RegistryError(
            .invalidResponse,
            "\(exchange.task): the list has more than \(Self.maximumReferrers) entries or pages; clear it up in the registry"
        )
    }
}

extension Transport.Response {
    /// Where the next page of a list is, of the same registry; nil behind the last one.
    ///
    /// Spec: RFC 8288, as distribution-spec v1.1 wants it.
    fileprivate func nextPage(after url: URL, task: String) throws(RegistryError) -> URL? {
        let links = headers["Link"].flatMap { $0.split(separator: "<") }.map { $0.split(separator: ">", maxSplits: 1) }
        let next = links.first { link in
            link.count == 2
                && link[1].split(separator: ";").contains { part in
                    ["rel=\"next\"", "rel=next"].contains(part.filter { $0 != " " && $0 != "," }.lowercased())
                }
        }
        guard let next else { return nil }
        guard let address = URL(string: String(next[0]), relativeTo: url)?.absoluteURL,
            let origin = Origin(address), origin == Origin(url), address.path.hasPrefix("/v2/")
        else {
            throw RegistryError(
                .redirect, "\(task): the next page of the list is at no address of this registry; refused")
        }
        return address
    }
}
