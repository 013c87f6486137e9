import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1

extension RegistryClient {
    /// Gets a small file from an address that is no registry's, such as the certificate of an authority.
    ///
    /// No credentials are sent and no redirect is followed; over https the authorities of the system decide.
    ///
    /// - Throws: `RegistryError`; `sizeMismatch` when it has more bytes than the limit.
    public func file(at address: String, limit: Int) async throws(RegistryError) -> [UInt8] {
        let task = "reading \(address)"
        guard let url = URL(string: address), let origin = Origin(url) else {
            throw RegistryError(
                .configuration, "\(task): it is no address as http://host/path or https://host/path without a password")
        }
        let endpoint = Endpoint(at: origin)
        let policy = retry
        return try await policy.retrying { () throws(RegistryError) in
            let response = try await transport.send(
                Request(url: url, headers: [("Accept-Encoding", "identity")]), for: endpoint, task: task)
            guard response.status == .ok else {
                throw await response.failure(task: task, target: origin.description)
            }
            try response.refuseEncoding(task: task)
            return try await response.collect(limit: limit, task: task, origin: origin)
        }
    }
}
