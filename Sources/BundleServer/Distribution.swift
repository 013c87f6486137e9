import BundleFormat
import Engines
import OCI
import StrictJSON

/// The distribution protocol over what is served, without a network.
///
/// Spec: distribution-spec v1.1 § Pull and § Content Discovery; docs/delivering.md section 3.
struct Distribution: Sendable {
    let content: ServedContent

    /// The answer to a request; the one to `HEAD` is that to `GET`, whose body is left out.
    func answer(_ request: ServedRequest) -> ServedAnswer {
        guard request.method == "GET" || request.method == "HEAD" else {
            var answer = ServedAnswer.error(405, "UNSUPPORTED", "this registry can only be read")
            answer.headers.append(("Allow", "GET, HEAD"))
            return answer
        }
        guard let endpoint = request.endpoint else {
            return .error(404, "UNSUPPORTED", "the path is none of a registry that can only be read")
        }
        let name: String
        switch endpoint {
        case .base: return .json(.object([:]))
        case .catalog: return page(content.paths(host: request.host), "repositories", "/v2/_catalog", request, [:])
        case .tags(let repository): name = repository
        case .manifest(let repository, _), .blob(let repository, _), .referrers(let repository, _): name = repository
        }
        guard (try? Reference(parsing: "host.example/\(name):tag"))?.repository == name else {
            return .error(400, "NAME_INVALID", "'\(name)' is no name of a repository")
        }
        let repositories = content.repositories(name, host: request.host)
        guard !repositories.isEmpty else {
            return .error(
                404, "NAME_UNKNOWN", "there is no repository \(name)" + (request.host.map { " of \($0)" } ?? ""))
        }
        switch endpoint {
        case .base, .catalog, .tags:
            let tags = Set(repositories.flatMap(\.tags.keys)).sorted()
            return page(tags, "tags", "/v2/\(name)/tags/list", request, ["name": .string(name)])
        case .manifest(_, let reference): return manifest(name, reference, repositories)
        case .blob(_, let digest): return blob(digest, repositories, request.range)
        case .referrers(_, let digest): return referrers(digest, repositories, request.query["artifactType"])
        }
    }

    private func manifest(
        _ name: String, _ reference: String, _ repositories: [ServedContent.Repository]
    ) -> ServedAnswer {
        var digests: Set<Digest>
        if reference.contains(":") {
            guard let digest = try? Digest(parsing: reference) else { return Self.invalid(reference) }
            digests = [digest]
        } else {
            digests = Set(repositories.compactMap { $0.tags[reference] })
        }
        guard digests.count < 2 else {
            return .error(
                404, "MANIFEST_UNKNOWN",
                "\(name):\(reference) is a different image for each of several hosts; ask with ?ns=HOST")
        }
        guard let digest = digests.popFirst(),
            let document = repositories.lazy.compactMap({ $0.manifests[digest] }).first
        else { return .error(404, "MANIFEST_UNKNOWN", "\(name) has no manifest \(reference)") }
        return ServedAnswer(
            200,
            headers: [("Content-Type", document.descriptor.mediaType.rawValue)]
                + Self.names(document.descriptor.digest),
            body: .bytes(document.bytes))
    }

    private func blob(_ text: String, _ repositories: [ServedContent.Repository], _ range: String?) -> ServedAnswer {
        guard let digest = try? Digest(parsing: text) else { return Self.invalid(text) }
        var headers = [("Content-Type", "application/octet-stream")] + Self.names(digest)
        headers.append(("Accept-Ranges", "bytes"))
        let size: Int64
        let body: (Range<Int64>) -> ServedAnswer.Body
        if let layer = repositories.lazy.compactMap({ $0.layers[digest] }).first {
            size = layer.layer.size
            body = { .layer(layer, $0) }
        } else if let config = repositories.lazy.compactMap({ $0.configs[digest] }).first {
            size = Int64(config.bytes.count)
            body = { .bytes(Array(config.bytes[Int($0.lowerBound)..<Int($0.upperBound)])) }
        } else {
            return .error(404, "BLOB_UNKNOWN", "there is no blob \(digest)")
        }
        switch ByteRange(range, size: size) {
        case .all: return ServedAnswer(200, headers: headers, body: body(0..<size))
        case .none:
            var answer = ServedAnswer.error(416, "SIZE_INVALID", "the blob has \(size) bytes")
            answer.headers.append(("Content-Range", "bytes */\(size)"))
            return answer
        case .part(let part):
            headers.append(("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)"))
            return ServedAnswer(206, headers: headers, body: body(part))
        }
    }

    private func referrers(
        _ text: String, _ repositories: [ServedContent.Repository], _ artifactType: String?
    ) -> ServedAnswer {
        guard let digest = try? Digest(parsing: text) else { return Self.invalid(text) }
        var seen: Set<Digest> = []
        let found = repositories.flatMap { $0.referrers[digest] ?? [] }.filter { referrer in
            (artifactType == nil || referrer.artifactType == artifactType)
                && seen.insert(referrer.digest).inserted
        }
        let index = JSONValue.object([
            "schemaVersion": .integer(2), "mediaType": .string(MediaType.ociIndex.rawValue),
            "manifests": .array(found.map(\.entry)),
        ])
        return ServedAnswer(
            200,
            headers: [("Content-Type", MediaType.ociIndex.rawValue)]
                + (artifactType == nil ? [] : [("OCI-Filters-Applied", "artifactType")]),
            body: .bytes(JSONWriter.canonical(index)))
    }

    /// A list, or a page of it that says where the next one is.
    private func page(
        _ all: [String], _ member: String, _ path: String, _ request: ServedRequest, _ more: [String: JSONValue]
    ) -> ServedAnswer {
        let rest = request.query["last"].map { last in all.filter { $0 > last } } ?? all
        var items = rest
        var headers: [(name: String, value: String)] = []
        if let text = request.query["n"] {
            guard let count = Int(text), count >= 0 else {
                return .error(400, "PAGINATION_NUMBER_INVALID", "n=\(text) is no number of entries")
            }
            items = Array(rest.prefix(count))
            if items.count < rest.count, let last = items.last {
                let host = request.host.map { "&ns=\($0)" } ?? ""
                headers = [("Link", "<\(path)?n=\(count)&last=\(last)\(host)>; rel=\"next\"")]
            }
        }
        var members = more.map { JSONMember(name: $0.key, value: $0.value) }
        members.append(JSONMember(name: member, value: .strings(items)))
        return .json(.object(members), headers: headers)
    }

    private static func names(_ digest: Digest) -> [(name: String, value: String)] {
        [("Docker-Content-Digest", digest.description), ("ETag", "\"\(digest)\"")]
    }

    private static func invalid(_ digest: String) -> ServedAnswer {
        .error(400, "DIGEST_INVALID", "'\(digest)' is no digest")
    }
}

/// What of a blob a client wants.
///
/// Spec: RFC 9110 § 14. Several ranges, and what cannot be read, count as no wish.
enum ByteRange: Equatable {
    case all
    case part(Range<Int64>)
    /// Nothing of it is there.
    case none

    init(_ header: String?, size: Int64) {
        guard let header, header.hasPrefix("bytes=") else {
            self = .all
            return
        }
        let ends = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        let areNumbers = ends.allSatisfy { $0.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } }
        guard ends.count == 2, areNumbers else {
            self = .all
            return
        }
        switch (Int64(ends[0]), Int64(ends[1])) {
        case (let first?, let last?) where first <= last && first < size:
            self = .part(first..<min(last, size - 1) + 1)
        case (let first?, let last?) where first <= last: self = .none
        case (let first?, nil) where ends[1].isEmpty: self = first < size ? .part(first..<size) : .none
        case (nil, let count?) where ends[0].isEmpty:
            self = count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .none
        default: self = .all
        }
    }
}
