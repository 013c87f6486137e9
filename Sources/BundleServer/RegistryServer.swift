import BundleDelivery
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import UnixSignals

/// How a registry is served.
public struct ServeOptions: Sendable {
    /// The address to listen at.
    public var host: String
    /// The port to listen at; 0 for any that is free.
    public var port: Int
    /// A certificate with its chain and its key, as PEM files; nil to speak without TLS.
    public var tls: (certificate: String, key: String)?
    /// How many blobs are made at a time; at least 1.
    public var blobs = 8
    /// How many connections there may be; others wait to be accepted.
    public var connections = 8192
    /// How long a client may take for a piece of a blob.
    public var patience: Duration = .seconds(60)

    /// Options for an address; everything else has its default.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// A registry that can only be read, straight from bundles.
///
/// Spec: docs/delivering.md section 3. Memory: about 20 MiB for each blob that is made at a time, and some KiB a connection.
public struct RegistryServer: Sendable {
    private let content: ServedContent
    private let options: ServeOptions
    private let log: @Sendable (String) -> Void

    /// A server of its parts.
    ///
    /// - Parameters:
    ///   - content: What is served.
    ///   - options: Where and how.
    ///   - log: Gets a line for each request, from any thread.
    public init(_ content: ServedContent, options: ServeOptions, log: @escaping @Sendable (String) -> Void) {
        self.content = content
        self.options = options
        self.log = log
    }

    /// Serves until SIGTERM or SIGINT, then ends the answers that are under way, in ten seconds at most.
    ///
    /// - Parameter listening: Called with the port once connections are accepted.
    /// - Throws: `DeliveryError` with code `listen`, or `usage` when certificate or key cannot be used.
    public func run(listening: @escaping @Sendable (Int) async -> Void) async throws {
        let responder = DistributionResponder(
            distribution: Distribution(content: content), turns: Turns(options.blobs), patience: options.patience,
            log: log)
        let quiet = Logger(label: "bundle") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            responder: responder, server: try builder(),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(options.connections)),
            onServerRunning: { await listening($0.localAddress?.port ?? 0) }, logger: quiet)
        var configuration = ServiceGroupConfiguration(
            services: [application], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw DeliveryError(
                .listen,
                "listening at \(options.host):\(options.port): \(error.localizedDescription); choose another address or port"
            )
        } catch let error as SocketAddressError {
            throw DeliveryError(
                .listen, "listening at \(options.host):\(options.port): \(error); give an address of this machine")
        } catch is CancellationError {
            // What was under way after ten seconds was cut off.
        }
    }

    private func builder() throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(60)))
        guard let tls = options.tls else { return plain }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate)
            let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
            return try .tls(
                plain,
                tlsConfiguration: .makeServerConfiguration(
                    certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
        } catch {
            throw DeliveryError(
                .usage,
                "reading the certificate \(tls.certificate) and the key \(tls.key): \(error); give PEM files that belong together"
            )
        }
    }
}
