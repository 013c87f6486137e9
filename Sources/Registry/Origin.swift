import FoundationEssentials

/// Scheme, host and port: what credentials are bound to.
///
/// Spec: RFC 6454 section 4.
struct Origin: Hashable, Sendable, CustomStringConvertible {
    let scheme: String
    /// In lower case, without the brackets of IPv6.
    let host: String
    let port: Int

    init(scheme: String, host: String, port: Int) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// Of an absolute http or https URL without user information; nil for anything else.
    init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https" else { return nil }
        guard url.user == nil, url.password == nil, var host = url.host?.lowercased(), !host.isEmpty else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(scheme: scheme, host: host, port: url.port ?? (scheme == "https" ? 443 : 80))
    }

    var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(scheme)://\(name):\(port)"
    }
}

/// Where a registry's API is.
struct Endpoint: Sendable {
    /// As in references, `host[:port]`.
    let registry: String
    /// Where its requests go.
    let origin: Origin

    /// Of a registry, with its settings.
    ///
    /// - Throws: `RegistryError` with code `configuration` when it is not `host[:port]`.
    init(registry: String, access: RegistryAccess?) throws(RegistryError) {
        let name = registry == "docker.io" ? "registry-1.docker.io" : registry
        guard let asHTTPS = URL(string: "https://\(name)/").flatMap(Origin.init) else {
            throw RegistryError(.configuration, "'\(registry)' is not the host[:port] of a registry")
        }
        let hasTLSSettings =
            access.map { $0.insecureSkipTLSVerify || $0.caFile != nil || $0.certificate != nil } ?? false
        let isPlain = access?.plainHTTP ?? (!hasTLSSettings && Host.kind(of: asHTTPS.host) == .loopback)
        self.registry = registry
        if isPlain, let plain = URL(string: "http://\(name)/").flatMap(Origin.init) {
            origin = plain
        } else {
            origin = asHTTPS
        }
    }

    /// Of an address that no setting names.
    init(at origin: Origin) {
        registry = origin.description
        self.origin = origin
    }

    /// The URL of a manifest or blob.
    func url(_ path: String) throws(RegistryError) -> URL {
        guard let url = URL(string: "\(origin)/v2/\(path)") else {
            throw RegistryError(.configuration, "'\(path)' of \(registry) does not make a URL")
        }
        return url
    }
}
