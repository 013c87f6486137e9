import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import StrictJSON

extension Transport {
    typealias Response = HTTPClientResponse
}

extension HTTPClientResponse {
    /// The one value of a header; nil when it is absent.
    ///
    /// - Throws: `RegistryError` with code `ambiguousDocument` when it is there with different values.
    func header(_ name: String, task: String) throws(RegistryError) -> String? {
        let values = Set(headers[name].map { $0.trimmingSpace })
        guard values.count <= 1 else {
            throw RegistryError(.ambiguousDocument, "\(task): the answer has different values of the header \(name)")
        }
        return values.first
    }

    /// The length that the head announces.
    var announcedLength: Int64? { headers.first(name: "Content-Length").flatMap { Int64($0) } }

    /// Refuses a body that is encoded although nobody asked for it.
    func refuseEncoding(task: String) throws(RegistryError) {
        for value in headers[canonicalForm: "Content-Encoding"] where value.lowercased() != "identity" {
            throw RegistryError(
                .invalidResponse,
                "\(task): the body came with Content-Encoding \(value.prefix(40)), which was not asked for; look for a proxy that compresses"
            )
        }
    }

    /// The body in memory, refused when it is larger than the limit.
    func collect(
        limit: Int, task: String, origin: Origin, timeLimit: Duration = .seconds(300)
    ) async throws(RegistryError) -> [UInt8] {
        let tooLarge = RegistryError(.sizeMismatch, "\(task): the answer of \(origin) is larger than \(limit) bytes")
        if let length = announcedLength, length > limit { throw tooLarge }
        let end = ContinuousClock.now + timeLimit
        var bytes: [UInt8] = []
        do {
            for try await buffer in body {
                guard buffer.readableBytes <= limit - bytes.count else { throw tooLarge }
                unsafe buffer.withUnsafeReadableBytes { unsafe bytes.append(contentsOf: $0) }
                guard ContinuousClock.now < end else {
                    throw RegistryError(
                        .unavailable, "\(task): \(origin) is too slow for a document", retry: .backoff)
                }
            }
        } catch let error as RegistryError {
            throw error
        } catch {
            throw RegistryError(failureOf: error, task: task, origin: origin)
        }
        return bytes
    }

    /// Reads what little is left, so that the connection can be used again.
    func drain() async { _ = await remainder() }

    /// A small body that matters little: nil when it is large, broken or takes more than a few seconds.
    private func remainder() async -> [UInt8]? {
        let nowhere = Origin(scheme: "http", host: "", port: 0)
        do throws(RegistryError) {
            return try await collect(limit: 65536, task: "", origin: nowhere, timeLimit: .seconds(5))
        } catch { return nil }
    }

    /// What a status other than success means.
    func failure(task: String, target: String) async -> RegistryError {
        let wish = RetryPolicy.retryAfter(headers.first(name: "Retry-After"))
        let again = wish.map(RegistryError.Retry.after) ?? .backoff
        let words = await explanation()
        let found = "\(task): \(target) answered \(status.code)\(words.map { " (\($0))" } ?? "")"
        return switch status.code {
        case 401, 403, 407: RegistryError(.unauthorized, "\(found); check the credentials and their rights")
        case 404, 410: RegistryError(.notFound, "\(found): there is no such thing; check its name")
        case 408: RegistryError(.unavailable, found, retry: again)
        case 429: RegistryError(.rateLimited, "\(found); wait, or log in for a higher limit", retry: again)
        case 500...599: RegistryError(.unavailable, "\(found); try again later", retry: again)
        default: RegistryError(.invalidResponse, "\(found), which is not expected here")
        }
    }

    /// The registry's own words, where it has some.
    private func explanation() async -> String? {
        guard let bytes = await remainder() else { return nil }
        do throws(JSONError) {
            let node = try JSONNode(parsing: bytes)
            guard let text = try node.optional("errors")?.elements().first?.optional("message")?.string() else {
                return nil
            }
            let printable = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7f }.prefix(200)
            return printable.isEmpty ? nil : String(String.UnicodeScalarView(printable))
        } catch { return nil }
    }
}
