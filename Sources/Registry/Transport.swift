import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Makes single HTTP requests: picks proxy and TLS settings, follows nothing, retries nothing.
final class Transport: Sendable {
    private let access: [String: RegistryAccess]
    private let proxies: ProxySettings
    private let retry: RetryPolicy
    private let userAgent: String
    private let state = Mutex(State())

    private struct State {
        var clients: [Key: HTTPClient] = [:]
        var isShutDown = false
    }

    /// What tells one HTTP client from another.
    private struct Key: Hashable {
        var proxy: ProxySettings.Server?
        var caFile: String?
        var certificate: String?
        var certificateKey: String?
        var acceptsAnyCertificate = false
    }

    init(access: [String: RegistryAccess], environment: [String: String], retry: RetryPolicy, userAgent: String) {
        self.access = access
        proxies = ProxySettings(environment: environment)
        self.retry = retry
        self.userAgent = userAgent
    }

    deinit {
        for client in state.withLock({ $0.clients.values }) { client.shutdown { _ in } }
    }

    /// Closes all connections; later requests fail.
    func shutdown() async {
        let clients = state.withLock { state in
            defer { state = State(clients: [:], isShutDown: true) }
            return Array(state.clients.values)
        }
        for client in clients { try? await client.shutdown() }
    }

    /// Sends one request, and gives the answer as soon as its head is there.
    ///
    /// The TLS settings of the registry hold for it, its authorities also for where it sends us.
    ///
    /// - Throws: `RegistryError`, by whose `retry` the caller knows whether to try again.
    func send(
        _ asked: Request, for endpoint: Endpoint, task: String
    ) async throws(RegistryError) -> HTTPClientResponse {
        guard let origin = Origin(asked.url) else {
            throw RegistryError(
                .redirect, "\(task): an address that is not http or https, or that holds a password, was given")
        }
        let client = try client(for: origin, endpoint)
        var request = HTTPClientRequest(url: asked.url.absoluteString)
        request.method = asked.method
        request.headers.add(name: "User-Agent", value: userAgent)
        for (name, value) in asked.headers { request.headers.add(name: name, value: value) }
        if let body = asked.body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do { return try await client.execute(request, deadline: .distantFuture) } catch {
            throw RegistryError(failureOf: error, task: task, origin: origin)
        }
    }

    private func client(for origin: Origin, _ endpoint: Endpoint) throws(RegistryError) -> HTTPClient {
        var key = Key(proxy: try proxies.server(for: origin))
        if origin.scheme == "https" {
            let own = access[endpoint.registry]
            let other = access["\(origin.host):\(origin.port)"] ?? (origin.port == 443 ? access[origin.host] : nil)
            if origin == endpoint.origin || other != nil, let settings = origin == endpoint.origin ? own : other {
                key.caFile = settings.caFile
                key.certificate = settings.certificate
                key.certificateKey = settings.certificateKey
                key.acceptsAnyCertificate = settings.insecureSkipTLSVerify
            } else if let own {
                // The client certificate is a credential: it stays with its origin.
                key.caFile = own.caFile
                key.acceptsAnyCertificate = own.insecureSkipTLSVerify && origin.host == endpoint.origin.host
            }
        }
        if let client = try existing(key) { return client }
        let made = HTTPClient(
            eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: try configuration(key, origin))
        let kept: HTTPClient? = state.withLock { state in
            guard !state.isShutDown else { return nil }
            if let client = state.clients[key] { return client }
            state.clients[key] = made
            return made
        }
        if kept !== made { made.shutdown { _ in } }
        guard let kept else { throw Self.shutDown }
        return kept
    }

    private func existing(_ key: Key) throws(RegistryError) -> HTTPClient? {
        let (client, isShutDown) = state.withLock { ($0.clients[key], $0.isShutDown) }
        guard !isShutDown else { throw Self.shutDown }
        return client
    }

    private static var shutDown: RegistryError {
        RegistryError(.unavailable, "a request was made after the registry client had been shut down")
    }

    private func configuration(_ key: Key, _ origin: Origin) throws(RegistryError) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.timeout = HTTPClient.Configuration.Timeout(
            connect: TimeAmount(retry.connectTimeout), read: TimeAmount(retry.idleTimeout))
        configuration.connectionPool.retryConnectionEstablishment = false
        if let proxy = key.proxy {
            configuration.proxy =
                proxy.isSOCKS
                ? .socksServer(host: proxy.host, port: proxy.port)
                : .server(
                    host: proxy.host, port: proxy.port,
                    authorization: proxy.credentials.map { .basic(username: $0.username, password: $0.password) })
        }
        configuration.tlsConfiguration = try tls(key, origin)
        return configuration
    }

    private func tls(_ key: Key, _ origin: Origin) throws(RegistryError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if key.acceptsAnyCertificate { tls.certificateVerification = .none }
        do {
            if let file = key.caFile {
                tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(file))]
            }
            if let file = key.certificate {
                tls.certificateChain = try NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) }
                let keyFile = key.certificateKey ?? file
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
            }
        } catch {
            let files = [key.caFile, key.certificate, key.certificateKey].compactMap { $0 }.joined(separator: ", ")
            throw RegistryError(
                .tls, "cannot use the certificates for \(origin) in \(files): \(error); they must be PEM files",
                cause: error)
        }
        return tls
    }
}
