import NIOCore
import NIOPosix
import Synchronization

/// A way to a server on loopback that breaks connections after so many bytes from the client, a few times.
///
/// End it with `shutdown()`.
public final class CuttingProxy: Sendable {
    /// `127.0.0.1:PORT`.
    public let host: String
    /// How many connections were cut.
    public var cuts: Int { state.cuts.withLock(\.self) }
    private let channel: any Channel
    private let state: Shared

    /// Starts a proxy.
    ///
    /// - Parameters:
    ///   - server: Where it leads, as `127.0.0.1:PORT`.
    ///   - limit: How many bytes a connection lets through before it is cut.
    ///   - cuts: How many connections are cut; those after them are left alone.
    /// - Throws: `CommandError` when the address has no port, or what the network says.
    public init(to server: String, after limit: Int, cuts: Int) async throws {
        guard let port = server.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw CommandError(.failed, "'\(server)' has no port")
        }
        let state = Shared(limit: limit, wanted: cuts)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { front in
                ClientBootstrap(group: front.eventLoop)
                    .channelInitializer { back in
                        back.eventLoop.makeCompletedFuture {
                            try back.pipeline.syncOperations.addHandler(Relay(to: front, counting: nil))
                        }
                    }
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { back in
                        try front.pipeline.syncOperations.addHandler(Relay(to: back, counting: state))
                        front.setOption(.autoRead, value: true).whenComplete { _ in }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.state = state
        host = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    /// Takes no more connections.
    public func shutdown() async { try? await channel.close() }

    fileprivate final class Shared: Sendable {
        let limit: Int
        let wanted: Int
        let cuts = Mutex(0)

        init(limit: Int, wanted: Int) {
            self.limit = limit
            self.wanted = wanted
        }

        func takesCut() -> Bool {
            cuts.withLock { cuts in
                guard cuts < wanted else { return false }
                cuts += 1
                return true
            }
        }
    }

    private final class Relay: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let other: any Channel
        private let shared: Shared?
        private var passed = 0

        init(to other: any Channel, counting shared: Shared?) {
            self.other = other
            self.shared = shared
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            passed += buffer.readableBytes
            if let shared, passed > shared.limit, shared.takesCut() {
                other.close(promise: nil)
                context.close(promise: nil)
            } else {
                other.writeAndFlush(buffer, promise: nil)
            }
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
