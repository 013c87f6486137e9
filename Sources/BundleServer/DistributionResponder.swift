import BundleDelivery
import BundleFormat
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers the requests of connections.
struct DistributionResponder: HTTPResponder {
    let distribution: Distribution
    let turns: Turns
    let patience: Duration
    let log: @Sendable (String) -> Void

    /// The connection of a request.
    struct Context: InitializableFromSource {
        let channel: any Channel

        init(source: ApplicationRequestContextSource) { channel = source.channel }
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        let target = request.head.path ?? ""
        let answer = distribution.answer(
            ServedRequest(method: request.method.rawValue, target: target, range: Self.range(request)))
        var headers = HTTPFields()
        for (name, value) in answer.headers + [("Docker-Distribution-Api-Version", "registry/2.0")] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        headers[.contentLength] = "\(answer.size)"
        let line = Line(
            start: "\(context.channel.remoteAddress?.ipAddress ?? "-") \(request.method) \(target) \(answer.status)",
            note: answer.note)
        let status = HTTPResponse.Status(code: answer.status)
        guard request.method != .head else {
            log(line.text(sent: 0))
            return Response(status: status, headers: headers)
        }
        switch answer.body {
        case .bytes(let bytes):
            log(line.text(sent: Int64(bytes.count)))
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .layer(let layer, let range):
            return Response(
                status: status, headers: headers,
                body: ResponseBody(contentLength: Int(range.upperBound - range.lowerBound)) { writer in
                    try await write(layer, range, to: &writer, context.channel, line)
                })
        }
    }

    /// A range counts unless its condition does not hold; all of it is as good then.
    private static func range(_ request: Request) -> String? {
        if let condition = request.headers[.ifRange],
            !(request.head.path ?? "").contains(condition.filter { $0 != "\"" })
        {
            return nil
        }
        return request.headers[.range]
    }

    /// Writes a part of a blob, whose last piece comes when it is known to be right.
    @concurrent private func write(
        _ layer: ServedContent.Layer, _ range: Range<Int64>, to writer: inout any ResponseBodyWriter,
        _ channel: any Channel, _ line: Line
    ) async throws {
        var sent: Int64 = 0
        do {
            try await turns.wait()
            defer { turns.give() }
            for try await piece in BlobStream(layer: layer.layer, part: range, reader: layer.reader) {
                try await write(piece, to: &writer, channel)
                sent += Int64(piece.count)
            }
            try await writer.finish(nil)
            log(line.text(sent: sent))
        } catch {
            // The connection ends without the rest.
            log(line.text(sent: sent, broken: error))
            throw error
        }
    }

    @concurrent private func write(
        _ bytes: [UInt8], to writer: inout any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        let stall = channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { channel.close(promise: nil) }
        defer { stall.cancel() }
        try await writer.write(ByteBuffer(bytes: bytes))
        // The event loop must see the piece before the writer knows that it has to wait with the next one.
        try await channel.eventLoop.submit {}.get()
    }
}

/// A line of the log.
private struct Line: Sendable {
    let start: String
    let note: String?
    private let begin = ContinuousClock.now

    init(start: String, note: String?) {
        self.start = start
        self.note = note
    }

    func text(sent: Int64, broken error: (any Error)? = nil) -> String {
        let milliseconds = (ContinuousClock.now - begin) / Duration.milliseconds(1)
        let reason = error.map { $0 is BundleError ? "\($0)" : "the client is gone, or does not read" }
        return "\(start) \(sent) \(Int(milliseconds))ms" + ((reason ?? note).map { " " + $0 } ?? "")
    }
}
