import FoundationEssentials
import StrictJSON
import Synchronization

/// What is shown to a registry that asks who we are.
enum Secret: Sendable {
    case login(Credentials)
    /// A refresh token of docker's "identity token" kind.
    case identity(String)
}

/// Finds the credentials of a registry: settings first, then docker's config.json, then the environment.
final class CredentialStore: Sendable {
    private let access: [String: RegistryAccess]
    private let environment: [String: String]
    private let state = Mutex(State())

    private struct State {
        var config: DockerConfig?
        var fromHelpers: [String: Secret?] = [:]
    }

    init(access: [String: RegistryAccess], environment: [String: String]) {
        self.access = access
        self.environment = environment
    }

    /// The secret for a registry; nil when there is none, which means anonymous access.
    ///
    /// - Throws: `RegistryError` with code `configuration` when a file or helper that is configured cannot be used.
    func secret(for registry: String, repository: String) async throws(RegistryError) -> Secret? {
        if let credentials = access[registry]?.credentials { return .login(credentials) }
        if let secret = try await fromDocker(registry, repository) { return secret }
        switch (environment["REGISTRY_USERNAME"], environment["REGISTRY_PASSWORD"]) {
        case (let username?, let password?) where !username.isEmpty:
            return .login(Credentials(username: username, password: password))
        case (let username?, nil) where !username.isEmpty:
            throw RegistryError(
                .configuration, "REGISTRY_USERNAME is set, REGISTRY_PASSWORD is not; set both to log in to \(registry)")
        default: return nil
        }
    }

    private func fromDocker(_ registry: String, _ repository: String) async throws(RegistryError) -> Secret? {
        let config = try dockerConfig()
        if let helper = config.helpers[DockerConfig.key(registry)] {
            return try await fromHelper(helper, registry)
        }
        let entry = config.entry(for: registry, repository: repository)
        if case .secret(let secret)? = entry { return secret }
        guard let helper = config.defaultHelper else { return nil }
        do throws(RegistryError) { return try await fromHelper(helper, registry) } catch {
            // A helper for all registries that is broken matters only where somebody logged in.
            guard entry == nil else { throw error }
            return nil
        }
    }

    private func fromHelper(_ name: String, _ registry: String) async throws(RegistryError) -> Secret? {
        if let known = state.withLock({ $0.fromHelpers[registry] }) { return known }
        let server = registry == "docker.io" ? "https://index.docker.io/v1/" : registry
        let secret = try await CredentialHelper(name: name, environment: environment).secret(for: server)
        state.withLock { $0.fromHelpers[registry] = .some(secret) }
        return secret
    }

    private func dockerConfig() throws(RegistryError) -> DockerConfig {
        if let config = state.withLock({ $0.config }) { return config }
        let config = try DockerConfig(environment: environment)
        state.withLock { $0.config = config }
        return config
    }
}

/// The parts of docker's config.json, and of podman's auth.json, that tell credentials.
struct DockerConfig: Sendable {
    enum Entry: Sendable {
        case secret(Secret)
        /// Listed, but kept by a helper.
        case elsewhere
    }

    private(set) var entries: [String: Entry] = [:]
    private(set) var helpers: [String: String] = [:]
    private(set) var defaultHelper: String?

    /// From the file that the environment names: REGISTRY_AUTH_FILE, DOCKER_CONFIG/config.json or ~/.docker/config.json.
    ///
    /// - Throws: `RegistryError` with code `configuration`.
    init(environment: [String: String]) throws(RegistryError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let isDemanded = value("REGISTRY_AUTH_FILE") != nil
        let directory = value("DOCKER_CONFIG") ?? value("HOME").map { $0 + "/.docker" }
        guard let path = value("REGISTRY_AUTH_FILE") ?? directory.map({ $0 + "/config.json" }) else { return }
        guard FileManager.default.fileExists(atPath: path) else {
            if isDemanded {
                throw RegistryError(.configuration, "REGISTRY_AUTH_FILE names \(path), which does not exist")
            }
            return
        }
        let bytes: [UInt8]
        do { bytes = [UInt8](try Data(contentsOf: URL(filePath: path))) } catch {
            throw RegistryError(.configuration, "cannot read the credentials in \(path): \(error)", cause: error)
        }
        do throws(JSONError) { try read(bytes) } catch {
            throw RegistryError(.configuration, "cannot use the credentials in \(path): \(error.message)", cause: error)
        }
    }

    private mutating func read(_ bytes: [UInt8]) throws(JSONError) {
        let root = try JSONNode(parsing: bytes, parser: JSONParser(maximumSize: 4 << 20))
        for (name, node) in try root.optional("auths")?.members() ?? [] {
            entries[Self.key(name)] = try Self.entry(node)
        }
        for (name, node) in try root.optional("credHelpers")?.members() ?? [] {
            helpers[Self.key(name)] = try node.string()
        }
        defaultHelper = try root.optional("credsStore")?.string()
    }

    private static func entry(_ node: JSONNode) throws(JSONError) -> Entry {
        if let token = try node.optional("identitytoken")?.string(), !token.isEmpty { return .secret(.identity(token)) }
        if let encoded = try node.optional("auth")?.string(), !encoded.isEmpty {
            guard let bytes = Data(base64Encoded: encoded) else { throw node.mismatch("an entry whose auth is Base64") }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let colon = text.firstIndex(of: ":") else {
                throw node.mismatch("an entry whose auth is user:password")
            }
            let password = text[text.index(after: colon)...].prefix { $0 != "\0" }
            return .secret(.login(Credentials(username: String(text[..<colon]), password: String(password))))
        }
        if let username = try node.optional("username")?.string(),
            let password = try node.optional("password")?.string()
        {
            return .secret(.login(Credentials(username: username, password: password)))
        }
        return .elsewhere
    }

    /// The most specific entry: podman also writes `registry/namespace`.
    func entry(for registry: String, repository: String) -> Entry? {
        var name = Self.key(registry) + "/" + repository
        while true {
            if let entry = entries[name] { return entry }
            guard let slash = name.lastIndex(of: "/") else { return nil }
            name = String(name[..<slash])
        }
    }

    /// A registry as it is compared: without scheme and API version; docker.io by one name.
    static func key(_ name: String) -> String {
        var key = Substring(name)
        for scheme in ["https://", "http://"] where key.hasPrefix(scheme) { key = key.dropFirst(scheme.count) }
        while key.hasSuffix("/") { key.removeLast() }
        for version in ["/v1", "/v2"] where key.hasSuffix(version) { key = key.dropLast(version.count) }
        return key == "index.docker.io" || key == "registry-1.docker.io" ? "docker.io" : String(key)
    }
}
