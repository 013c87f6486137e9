import Foundation

/// The real `docker-registry` on a free loopback port, with storage of its own.
///
/// It ends when nobody holds it any more.
public final class DockerRegistry: Sendable {
    /// A user of a registry that asks for one.
    public struct Credentials: Sendable {
        /// The user's name.
        public let username: String
        /// The password.
        public let password: String

        /// A user with a password.
        public init(username: String, password: String) {
            self.username = username
            self.password = password
        }
    }

    /// `127.0.0.1:PORT`, as it stands in references.
    public let host: String
    /// Who may come in; nil when everybody may.
    public let credentials: Credentials?
    /// The PEM file of the authority that signed its certificate; nil when it speaks plain HTTP.
    public let authorityFile: String?
    /// The root of its storage, as `storage.filesystem.rootdirectory`.
    public let storage: String

    private let directory: TemporaryDirectory
    private let process: RunningCommand

    /// Starts a registry and returns when it answers.
    ///
    /// - Parameters:
    ///   - credentials: With them everybody else gets 401 and a Basic challenge.
    ///   - tls: Whether it speaks TLS, with a certificate for `127.0.0.1` and `localhost` of an authority of its own.
    ///   - storage: The root directory of a storage that somebody else owns; nil for a new one of its own.
    /// - Throws: `CommandError`.
    public convenience init(
        credentials: Credentials? = nil, tls: Bool = false, storage: String? = nil
    ) async throws {
        let directory = try TemporaryDirectory()
        let storage = storage ?? directory.path("storage")
        var configuration = """
            version: 0.1
            log: { level: info, accesslog: { disabled: true } }
            storage:
              filesystem: { rootdirectory: \(storage) }
              delete: { enabled: true }
            http:
              addr: 127.0.0.1:0
              secret: tests

            """
        if tls {
            try await CertificateAuthority.make(in: directory)
            configuration += """
                  tls: { certificate: \(directory.path("server.pem")), key: \(directory.path("server.key")) }

                """
        }
        if let credentials {
            let entry = try await Command(
                "htpasswd", ["-Bbn", credentials.username, credentials.password]
            ).check().output
            try directory.write(entry, to: "htpasswd")
            configuration += "auth: { htpasswd: { realm: tests, path: \(directory.path("htpasswd")) } }\n"
        }
        try directory.write(configuration, to: "config.yml")
        let process = try Command("docker-registry", ["serve", directory.path("config.yml")]).start()
        let host = try await Self.address(of: process)
        self.init(
            directory: directory, process: process, host: host, credentials: credentials, tls: tls, storage: storage)
    }

    private init(
        directory: TemporaryDirectory, process: RunningCommand, host: String, credentials: Credentials?, tls: Bool,
        storage: String
    ) {
        self.directory = directory
        self.process = process
        self.host = host
        self.credentials = credentials
        authorityFile = tls ? directory.path("ca.pem") : nil
        self.storage = storage
    }

    deinit { process.stopBlocking() }

    /// `http://127.0.0.1:PORT` or `https://…`.
    public var origin: String { (authorityFile == nil ? "http://" : "https://") + host }

    /// A reference into this registry, of `name:tag` or `name@digest`.
    public func reference(_ name: String) -> String { host + "/" + name }

    /// Ends it; its storage stays until nobody holds it any more.
    public func stop() async { await process.stop() }

    /// Runs the garbage collector of the registry on its storage, as an operator would.
    ///
    /// - Throws: `CommandError`.
    public func collectGarbage() async throws {
        try await Command("docker-registry", ["garbage-collect", directory.path("config.yml")]).check()
    }

    /// What it has logged.
    public var log: String { String(decoding: process.errorOutput(), as: UTF8.self) }

    /// The registry chooses a free port itself and logs it once it listens, so nobody can take the port in between.
    private static func address(of process: RunningCommand) async throws -> String {
        let marker = "listening on "
        for _ in 0..<3000 {
            let log = String(decoding: process.errorOutput(), as: UTF8.self)
            if let start = log.range(of: marker)?.upperBound {
                let address = log[start...].prefix { "0123456789.:".contains($0) }
                if !address.isEmpty, log[address.endIndex...].first.map({ $0 == "\"" || $0 == "," }) ?? false {
                    return String(address)
                }
            }
            if let status = process.status {
                throw CommandError(.failed, "docker-registry ended with \(status): \(log)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw CommandError(.timedOut, "docker-registry did not listen within 30 s: \(process.errorOutput())")
    }
}
