import NIOCore
import NIOHTTP1
import Synchronization

/// One connection to a `LyingRegistry`.
final class LyingConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: LyingRegistry.SharedState
    private var head: HTTPRequestHead?

    init(state: LyingRegistry.SharedState) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let parts = head.uri.split(separator: "?", maxSplits: 1).map(String.init)
        let request = LyingRegistry.Request(
            method: head.method.rawValue, path: parts.first ?? "/", query: parts.count == 2 ? parts[1] : "",
            headers: head.headers.map { ($0.name, $0.value) })
        let (resource, decide, attempt) = state.value.withLock { state in
            state.requests.append(request)
            let attempt = state.requests.count { $0.path == request.path }
            return (state.resources[request.path], state.faults[request.path] ?? state.faults["*"], attempt)
        }
        let fault = decide?(request, attempt) ?? .none
        if fault.isSilent { return }
        if let cut = fault.cutAfter, cut < 0 {
            context.close(promise: nil)
            return
        }
        send(Answer(request, resource, fault), fault, isHead: head.method == .HEAD, context)
    }

    /// An answer before anything is cut or slowed down.
    private struct Answer {
        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8]

        init(_ request: LyingRegistry.Request, _ resource: LyingRegistry.Resource?, _ fault: LyingRegistry.Fault) {
            body = fault.body ?? resource?.bytes ?? Array(#"{"errors":[{"code":"UNKNOWN","message":"not here"}]}"#.utf8)
            headers = resource?.headers ?? ["Content-Type": "application/json"]
            status = fault.status ?? (resource == nil && fault.body == nil ? 404 : 200)
            if status == 200, !fault.ignoresRange, let start = Self.start(request["Range"]) {
                if start < body.count {
                    headers["Content-Range"] = "bytes \(start)-\(body.count - 1)/\(body.count)"
                    body = Array(body[start...])
                    status = 206
                } else {
                    headers["Content-Range"] = "bytes */\(body.count)"
                    body = []
                    status = 416
                }
            }
            if fault.isChunked || fault.isEndless {
                headers["Transfer-Encoding"] = "chunked"
            } else {
                headers["Content-Length"] = String(body.count)
            }
            for (name, value) in fault.headers { headers[name] = value }
        }

        private static func start(_ range: String?) -> Int? {
            guard let range, range.hasPrefix("bytes="), range.hasSuffix("-") else { return nil }
            return Int(range.dropFirst(6).dropLast())
        }
    }

    private func send(_ answer: Answer, _ fault: LyingRegistry.Fault, isHead: Bool, _ context: ChannelHandlerContext) {
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status))
        for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if isHead {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        } else if fault.isEndless {
            let piece = answer.body.isEmpty ? [0] : answer.body
            let times = max(1, 65536 / piece.count)
            repeatForEver(ByteBuffer(bytes: Array([[UInt8]](repeating: piece, count: times).joined())), context)
        } else if let pause = fault.pause {
            trickle(ByteBuffer(bytes: answer.body), TimeAmount(pause), context)
        } else if let cut = fault.cutAfter {
            let piece = ByteBuffer(bytes: answer.body.prefix(cut))
            let written = context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))))
            let delay = TimeAmount(fault.cutDelay)
            written.assumeIsolated().whenComplete { _ in
                context.eventLoop.assumeIsolated().scheduleTask(in: delay) { context.close(promise: nil) }
            }
        } else {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private func repeatForEver(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let written = context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))))
        // Later, since writes that succeed at once would nest, and starve the loop's other connections.
        written.assumeIsolated().whenSuccess {
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.repeatForEver(bytes, context) }
        }
    }

    private func trickle(_ bytes: ByteBuffer, _ pause: TimeAmount, _ context: ChannelHandlerContext) {
        var rest = bytes
        guard context.channel.isActive, let first = rest.readSlice(length: 1) else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(first))), promise: nil)
        let left = rest
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) { self.trickle(left, pause, context) }
    }
}
