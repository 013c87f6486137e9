import Foundation
import OCI

/// A request of the distribution protocol, taken apart.
struct ServedRequest: Sendable {
    /// What is asked for.
    enum Endpoint: Sendable, Equatable {
        case base
        case catalog
        case tags(name: String)
        case manifest(name: String, reference: String)
        case blob(name: String, digest: String)
        case referrers(name: String, digest: String)
    }

    /// As `GET`.
    let method: String
    /// Nil where nothing of the protocol is there.
    let endpoint: Endpoint?
    /// By name; the last one counts.
    let query: [String: String]
    /// The bytes that are wanted, as the header says.
    let range: String?

    /// - Parameters:
    ///   - method: As `GET`.
    ///   - target: Path and query, as sent.
    ///   - range: The header `Range`, unless its condition does not hold.
    init(method: String, target: String, range: String?) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.method = method
        self.range = range
        endpoint = Self.endpoint((parts.first ?? "").removingPercentEncoding ?? "")
        var query: [String: String] = [:]
        for part in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair[0].removingPercentEncoding else { continue }
            query[name] = pair.count > 1 ? pair[1].removingPercentEncoding : ""
        }
        self.query = query
    }

    /// The host that the client means, where it says so.
    ///
    /// Spec: containerd's mirrors; docker's registry has several names.
    var host: String? {
        guard let host = query["ns"], !host.isEmpty else { return nil }
        return ["index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host
    }

    private static func endpoint(_ path: String) -> Endpoint? {
        if path == "/v2" || path == "/v2/" { return .base }
        guard path.hasPrefix("/v2/") else { return nil }
        let parts = path.dropFirst(4).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts == ["_catalog"] { return .catalog }
        guard parts.count >= 3, let last = parts.last else { return nil }
        let name = parts.dropLast(2).joined(separator: "/")
        switch parts[parts.count - 2] {
        case "tags" where last == "list": return .tags(name: name)
        case "manifests": return .manifest(name: name, reference: last)
        case "blobs": return .blob(name: name, digest: last)
        case "referrers": return .referrers(name: name, digest: last)
        default: return nil
        }
    }
}
