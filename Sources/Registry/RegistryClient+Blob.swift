import AsyncHTTPClient
import NIOCore
import NIOHTTP1
public import OCI

extension RegistryClient {
    /// Streams a blob into a sink, going on where a broken transfer or an earlier sink ended.
    ///
    /// The sink never gets more than the descriptor's size. Attempts are counted anew whenever one brought the blob
    /// further than it had been. Bytes of the wrong digest are fetched once more from the start.
    ///
    /// - Throws: `RegistryError`; `sink` with the sink's own error as its cause. The sink keeps what it has, so a later
    ///   call with it goes on from there.
    public func fetchBlob(
        _ descriptor: Descriptor, in repository: Reference, into sink: any BlobSink
    ) async throws(RegistryError) {
        let exchange = try exchange(repository, "reading the blob \(repository.name)@\(descriptor.digest)")
        let transfer = BlobTransfer(exchange: exchange, descriptor: descriptor, sink: sink)
        if sink.received > descriptor.size { try transfer.restart() }
        var failures = 0
        var furthest = sink.received
        var isSecondTime = false
        while true {
            if sink.received == descriptor.size {
                if try transfer.finish() { return }
                guard !isSecondTime else {
                    throw RegistryError(
                        .digestMismatch,
                        "\(exchange.task): twice all \(descriptor.size) bytes came, but not those of the digest; the registry or a proxy is damaged"
                    )
                }
                isSecondTime = true
                furthest = 0
                try transfer.restart()
                if descriptor.size == 0 { continue }
            }
            do throws(RegistryError) { try await transfer.run() } catch {
                if case .never = error.retry { throw error }
                if sink.received > furthest {
                    furthest = sink.received
                    failures = 0
                }
                failures += 1
                guard failures < retry.attempts else { throw error }
                try await retry.pause(afterFailure: failures, error)
            }
        }
    }
}

/// One attempt to bring a blob further.
private struct BlobTransfer {
    let exchange: Exchange
    let descriptor: Descriptor
    let sink: any BlobSink

    func restart() throws(RegistryError) {
        do { try sink.restart() } catch { throw failed(error) }
    }

    func finish() throws(RegistryError) -> Bool {
        do { return try sink.finish() } catch { throw failed(error) }
    }

    private func failed(_ error: any Error) -> RegistryError {
        RegistryError(.sink, "\(exchange.task): it cannot be stored: \(error)", cause: error)
    }

    private func wrongSize(_ found: String, retry: RegistryError.Retry = .never) -> RegistryError {
        RegistryError(
            .sizeMismatch, "\(exchange.task): \(found), its descriptor says \(descriptor.size) bytes", retry: retry)
    }

    func run() async throws(RegistryError) {
        let start = sink.received
        var headers = [("Accept", "*/*"), ("Accept-Encoding", "identity")]
        if start > 0 { headers.append(("Range", "bytes=\(start)-")) }
        let answer = try await exchange.get("blobs/\(descriptor.digest)", headers: headers)
        let response = answer.response
        switch response.status.code {
        case 200:
            if start > 0 { try restart() }
            if let length = response.announcedLength, length != descriptor.size {
                throw wrongSize("\(answer.origin) announces \(length) bytes")
            }
        case 206: try checkRange(response, start)
        case 416 where start > 0:
            try restart()
            throw wrongSize("\(answer.origin) has no bytes after the first \(start)", retry: .backoff)
        default: throw await exchange.failure(answer)
        }
        try response.refuseEncoding(task: exchange.task)
        try await receive(answer)
        guard sink.received == descriptor.size else {
            throw wrongSize("\(answer.origin) ended after \(sink.received) bytes", retry: .backoff)
        }
    }

    private func receive(_ answer: Exchange.Answer) async throws(RegistryError) {
        do {
            for try await buffer in answer.response.body {
                guard Int64(buffer.readableBytes) <= descriptor.size - sink.received else {
                    throw wrongSize("\(answer.origin) sends more")
                }
                do {
                    try unsafe buffer.withUnsafeReadableBytes { bytes in try unsafe sink.append(bytes) }
                } catch { throw failed(error) }
            }
        } catch let error as RegistryError {
            throw error
        } catch {
            throw RegistryError(failureOf: error, task: exchange.task, origin: answer.origin)
        }
    }

    /// A part must start where we stopped, stay within the blob, and be of a blob of this size.
    private func checkRange(_ response: Transport.Response, _ start: Int64) throws(RegistryError) {
        let text = try response.header("Content-Range", task: exchange.task) ?? ""
        guard start > 0, let range = ContentRange(text), range.first == start, range.last < descriptor.size else {
            throw RegistryError(
                .invalidResponse,
                "\(exchange.task): bytes from \(start) on were asked for, the answer is the part '\(text.prefix(60))'")
        }
        if let total = range.total, total != descriptor.size {
            throw wrongSize("the registry's has \(total) bytes")
        }
        if let length = response.announcedLength, length != range.last - range.first + 1 {
            throw RegistryError(
                .invalidResponse,
                "\(exchange.task): the answer is the part '\(text.prefix(60))', but announces \(length) bytes")
        }
    }
}

/// `bytes FIRST-LAST/TOTAL`, with `*` for an unknown total.
///
/// Spec: RFC 9110 section 14.4.
struct ContentRange: Equatable {
    let first: Int64
    let last: Int64
    let total: Int64?

    init?(_ text: String) {
        guard text.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).trimmingSpace.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Self.number($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
        let total = Self.number(parts[1])
        guard total != nil || parts[1] == "*" else { return nil }
        if let total, last >= total { return nil }
        self.first = first
        self.last = last
        self.total = total
    }

    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        return Int64(text)
    }
}
