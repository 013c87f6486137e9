import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1
public import OCI

extension RegistryClient {
    /// Gives a repository a blob: from another repository of the registry where that has it, else in chunks.
    ///
    /// After a failure the registry is asked how far it came; when it forgot the upload, the content is made again.
    /// Memory: one chunk, 16 MiB unless the registry wants larger ones.
    ///
    /// - Parameters:
    ///   - descriptor: Digest and size.
    ///   - repository: Where it goes.
    ///   - source: The path of a repository of the same registry that has it; nil for none.
    ///   - progress: Gets how many bytes the registry took since the last call; negative when it forgot some.
    ///   - content: Makes the bytes, in pieces, from the start.
    /// - Returns: Whether it was mounted, so that nothing was sent.
    /// - Throws: `RegistryError`; `sink` when the content cannot be made, with its cause.
    public func push<Content: AsyncSequence<[UInt8], any Error> & Sendable>(
        _ descriptor: Descriptor, to repository: Reference, mountingFrom source: String?,
        progress: @escaping @Sendable (Int64) -> Void, content: @Sendable () -> Content
    ) async throws(RegistryError) -> Bool {
        let task = "pushing the blob \(repository.name)@\(descriptor.digest)"
        var failures = 0
        var furthest: Int64 = 0
        while true {
            var upload = BlobUpload(
                exchange: try pushing(repository, task, mountingFrom: source), descriptor: descriptor, retry: retry,
                progress: progress)
            do throws(RegistryError) {
                guard try await upload.begin(mountingFrom: source) else { return true }
                try await upload.send(content())
                return false
            } catch {
                progress(-upload.taken)
                if case .never = error.retry { throw error }
                if upload.taken > furthest {
                    furthest = upload.taken
                    failures = 0
                }
                failures += 1
                guard failures < retry.attempts else { throw error }
                try await retry.pause(afterFailure: failures, error)
            }
        }
    }
}

/// One upload session of a blob.
///
/// Spec: distribution-spec v1.1 § Pushing a blob in chunks.
private struct BlobUpload {
    let exchange: Exchange
    let descriptor: Descriptor
    let retry: RetryPolicy
    let progress: @Sendable (Int64) -> Void
    /// How many bytes the registry has.
    private(set) var taken: Int64 = 0
    private var location: URL?
    private var chunkSize = 16 << 20

    /// The largest chunk that a registry may ask for.
    private static let maximumChunkSize = 256 << 20

    init(
        exchange: Exchange, descriptor: Descriptor, retry: RetryPolicy, progress: @escaping @Sendable (Int64) -> Void
    ) {
        self.exchange = exchange
        self.descriptor = descriptor
        self.retry = retry
        self.progress = progress
    }

    /// Asks to mount the blob, or for a place to upload it to.
    ///
    /// - Returns: Whether it must be uploaded.
    mutating func begin(mountingFrom source: String?) async throws(RegistryError) -> Bool {
        let query = source.map { "?mount=\(descriptor.digest)&from=\($0)" } ?? ""
        let url = try exchange.url("blobs/uploads/" + query)
        let answer = try await exchange.send(Request(method: .POST, url: url, body: []))
        switch answer.response.status.code {
        case 201:
            await answer.response.drain()
            return false
        case 202:
            await answer.response.drain()
            try follow(answer, from: url)
            return true
        case 400..<500 where source != nil:
            // Mounting is a favour: a registry may have no word for it, or not let us read there.
            await answer.response.drain()
            return try await begin(mountingFrom: nil)
        default: throw await exchange.failure(answer)
        }
    }

    /// Sends all of the content, and ends the upload.
    mutating func send(_ content: some AsyncSequence<[UInt8], any Error>) async throws(RegistryError) {
        var chunk: [UInt8] = []
        chunk.reserveCapacity(Int(min(Int64(chunkSize), descriptor.size)))
        var total: Int64 = 0
        do {
            for try await piece in content {
                chunk += piece
                total += Int64(piece.count)
                guard chunk.count >= chunkSize, total < descriptor.size else { continue }
                try await patch(chunk)
                chunk.removeAll(keepingCapacity: true)
            }
        } catch let error as RegistryError {
            throw error
        } catch is CancellationError {
            throw RegistryError(.cancelled, "\(exchange.task) was cancelled")
        } catch {
            throw RegistryError(.sink, "\(exchange.task): it cannot be made: \(error)", cause: error)
        }
        guard total == descriptor.size else {
            throw RegistryError(
                .sizeMismatch, "\(exchange.task): \(total) bytes were made, its descriptor says \(descriptor.size)")
        }
        try await finish(chunk)
    }

    /// Sends a chunk, whatever part of it the registry does not have yet.
    private mutating func patch(_ chunk: [UInt8]) async throws(RegistryError) {
        let start = taken
        var failures = 0
        while taken < start + Int64(chunk.count) {
            let before = taken
            do throws(RegistryError) {
                try await patchOnce(chunk[Int(taken - start)...])
            } catch {
                if case .never = error.retry { throw error }
                failures = taken > before ? 1 : failures + 1
                guard failures < retry.attempts else { throw error }
                try await retry.pause(afterFailure: failures, error)
                try await askHowFar(start...start + Int64(chunk.count))
            }
        }
    }

    private mutating func patchOnce(_ bytes: ArraySlice<UInt8>) async throws(RegistryError) {
        guard let url = location else { return }
        let last = taken + Int64(bytes.count) - 1
        let answer = try await exchange.send(
            Request(
                method: .PATCH, url: url,
                headers: [
                    ("Content-Type", "application/octet-stream"), ("Content-Range", "\(taken)-\(last)"),
                ], body: Array(bytes)))
        switch answer.response.status.code {
        case 201, 202, 204:
            await answer.response.drain()
            try follow(answer, from: url)
            try advance(to: try end(of: answer.response) ?? last + 1, within: taken...last + 1)
        case 416:
            throw RegistryError(
                .invalidResponse, "\(exchange.task): the registry has another part than it said", retry: .backoff)
        default: throw await exchange.failure(answer)
        }
    }

    /// Asks the registry how many bytes it has.
    private mutating func askHowFar(_ range: ClosedRange<Int64>) async throws(RegistryError) {
        guard let url = location else { return }
        let answer = try await exchange.send(Request(url: url))
        switch answer.response.status.code {
        case 204, 202, 200:
            await answer.response.drain()
            try follow(answer, from: url)
            try advance(to: try end(of: answer.response) ?? 0, within: range)
        case 404:
            await answer.response.drain()
            throw RegistryError(.unavailable, "\(exchange.task): the registry forgot the upload", retry: .backoff)
        default: throw await exchange.failure(answer)
        }
    }

    /// Sends the last bytes, and names the blob.
    private mutating func finish(_ bytes: [UInt8]) async throws(RegistryError) {
        guard let url = location, let named = Self.adding("digest=\(descriptor.digest)", to: url) else { return }
        var headers = [("Content-Type", "application/octet-stream")]
        if taken > 0, !bytes.isEmpty { headers.append(("Content-Range", "\(taken)-\(descriptor.size - 1)")) }
        let answer = try await exchange.send(Request(method: .PUT, url: named, headers: headers, body: bytes))
        switch answer.response.status.code {
        case 201, 204:
            await answer.response.drain()
            progress(descriptor.size - taken)
            taken = descriptor.size
        case 404, 416:
            throw RegistryError(.unavailable, "\(exchange.task): the registry forgot the upload", retry: .backoff)
        default: throw await exchange.failure(answer)
        }
    }

    private mutating func advance(to end: Int64, within range: ClosedRange<Int64>) throws(RegistryError) {
        guard range.contains(end) else {
            throw RegistryError(
                .unavailable, "\(exchange.task): the registry has \(end) bytes, where \(range) were sent",
                retry: .backoff)
        }
        progress(end - taken)
        taken = end
    }

    /// Where the session goes on, and in what chunks.
    private mutating func follow(_ answer: Exchange.Answer, from url: URL) throws(RegistryError) {
        location = try exchange.location(answer.response, from: url)
        if let text = answer.response.headers.first(name: "OCI-Chunk-Min-Length"), let least = Int(text) {
            chunkSize = max(chunkSize, min(least, Self.maximumChunkSize))
        }
    }

    /// How many bytes a `Range: 0-LAST` means; nil without one.
    private func end(of response: Transport.Response) throws(RegistryError) -> Int64? {
        guard var text = try response.header("Range", task: exchange.task) else { return nil }
        if text.hasPrefix("bytes=") { text.removeFirst(6) }
        guard text.hasPrefix("0-"), let last = Int64(text.dropFirst(2)), last >= 0 else {
            throw RegistryError(
                .invalidResponse, "\(exchange.task): the registry says that it has '\(text.prefix(60))' of it")
        }
        // An upload that has nothing yet says 0-0, as one that has a byte does: nobody sends chunks of one byte.
        return last == 0 ? 0 : last + 1
    }

    private static func adding(_ query: String, to url: URL) -> URL? {
        let text = url.absoluteString
        return URL(string: text + (text.contains("?") ? "&" : "?") + query)
    }
}
