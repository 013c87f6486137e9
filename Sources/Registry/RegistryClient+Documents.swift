import AsyncHTTPClient
import Cryptography
import NIOHTTP1
import OCI

/// What is checked on everything that is read into memory.
extension RegistryClient {
    /// What manifests may be.
    static let accepted = [MediaType.ociIndex, .ociManifest, .dockerIndex, .dockerManifest]
        .map(\.rawValue).joined(separator: ", ")

    /// Gets a document whose size is known or limited.
    func small(
        _ path: String, _ exchange: Exchange, limit: Int, size: Int64?
    ) async throws(RegistryError) -> ([UInt8], Transport.Response) {
        guard size ?? 0 <= limit else {
            throw RegistryError(
                .sizeMismatch,
                "\(exchange.task): its descriptor says \(size ?? 0) bytes, more than the limit of \(limit)")
        }
        let answer = try await exchange.get(
            path,
            headers: [
                ("Accept", path.hasPrefix("manifests/") ? Self.accepted : "*/*"), ("Accept-Encoding", "identity"),
            ])
        guard answer.response.status == .ok else { throw await exchange.failure(answer) }
        try answer.response.refuseEncoding(task: exchange.task)
        let bytes = try await answer.response.collect(
            limit: size.map { Int($0) } ?? limit, task: exchange.task, origin: answer.origin)
        return (bytes, answer.response)
    }

    /// The type that a manifest is served with.
    func mediaType(_ response: Transport.Response, _ exchange: Exchange) throws(RegistryError) -> MediaType {
        guard let value = try response.header("Content-Type", task: exchange.task) else {
            throw RegistryError(.ambiguousDocument, "\(exchange.task): it is served without a Content-Type")
        }
        let type = MediaType(rawValue: value.prefix { $0 != ";" }.trimmingSpace.lowercased())
        guard type.isIndex || type.isManifest else {
            throw RegistryError(
                .ambiguousDocument,
                "\(exchange.task): it is served as '\(type.rawValue.prefix(100))', which is no OCI or Docker schema 2 index or manifest"
            )
        }
        return type
    }

    /// Refuses documents that are not strictly one thing.
    func parse(_ bytes: [UInt8], _ mediaType: MediaType, _ exchange: Exchange) throws(RegistryError) {
        do throws(OCIError) { _ = try ImageDocument(parsing: bytes, mediaType: mediaType) } catch {
            throw RegistryError(
                error.code == .invalidDocument ? .ambiguousDocument : .invalidResponse,
                "\(exchange.task): the document is refused: \(error.message)", cause: error)
        }
    }

    /// Compares bytes with their descriptor.
    func compare(_ bytes: [UInt8], _ descriptor: Descriptor, _ exchange: Exchange) throws(RegistryError) {
        guard Int64(bytes.count) == descriptor.size else {
            throw RegistryError(
                .sizeMismatch, "\(exchange.task): \(bytes.count) bytes came, its descriptor says \(descriptor.size)")
        }
        let found = digest(of: bytes)
        guard found == descriptor.digest else {
            throw wrongDigest(exchange, expected: descriptor.digest, found: found)
        }
    }

    /// The header is a hint only, but a registry that contradicts itself is not believed.
    func compareDigestHeader(
        _ response: Transport.Response, _ digest: Digest, _ exchange: Exchange
    ) throws(RegistryError) {
        guard let value = try response.header("Docker-Content-Digest", task: exchange.task) else { return }
        guard value == digest.description else {
            throw RegistryError(
                .digestMismatch,
                "\(exchange.task): the registry calls it \(value.prefix(100)), the bytes that came are \(digest)")
        }
    }

    func wrongDigest(_ exchange: Exchange, expected: Digest, found: Digest) -> RegistryError {
        RegistryError(
            .digestMismatch,
            "\(exchange.task): the bytes that came are \(found), not \(expected); the registry or a proxy is damaged")
    }

    func digest(of bytes: [UInt8]) -> Digest { SHA256Hasher.digest(of: bytes) }
}
