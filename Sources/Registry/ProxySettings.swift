import FoundationEssentials

/// Which proxy a request takes, by `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` (lower case too).
///
/// Loopback addresses never take one.
struct ProxySettings: Sendable {
    /// A proxy that is reached by plain http or as SOCKS 5, and asked for a tunnel.
    struct Server: Hashable, Sendable {
        let host: String
        let port: Int
        let isSOCKS: Bool
        let credentials: Credentials?
    }

    private let plain: String?
    private let secure: String?
    private let exceptions: [Substring]

    init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            [environment[name], environment[name.lowercased()]].compactMap { $0?.trimmingSpace }.first { !$0.isEmpty }
        }
        plain = value("HTTP_PROXY")
        secure = value("HTTPS_PROXY")
        exceptions = (value("NO_PROXY") ?? "").lowercased().split { $0 == "," || $0 == " " }
    }

    /// The proxy for an origin, if any.
    ///
    /// - Throws: `RegistryError` with code `configuration` when the variable is not the URL of a proxy.
    func server(for origin: Origin) throws(RegistryError) -> Server? {
        guard let text = origin.scheme == "https" ? secure : plain, !isException(origin) else { return nil }
        let variable = origin.scheme == "https" ? "HTTPS_PROXY" : "HTTP_PROXY"
        guard let url = URL(string: text.contains("://") ? text : "http://\(text)"),
            let scheme = url.scheme?.lowercased(),
            ["http", "socks5", "socks5h"].contains(scheme), var host = url.host, !host.isEmpty
        else {
            throw RegistryError(
                .configuration, "\(variable) is not the URL of a proxy, as http://proxy.example.com:3128 or socks5://…")
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let isSOCKS = scheme != "http"
        var credentials: Credentials?
        if let user = url.user(percentEncoded: false) {
            guard !isSOCKS else {
                throw RegistryError(.configuration, "\(variable): a SOCKS proxy with a user name is not supported")
            }
            credentials = Credentials(username: user, password: url.password(percentEncoded: false) ?? "")
        }
        return Server(host: host, port: url.port ?? (isSOCKS ? 1080 : 80), isSOCKS: isSOCKS, credentials: credentials)
    }

    private func isException(_ origin: Origin) -> Bool {
        if Host.kind(of: origin.host) == .loopback { return true }
        return exceptions.contains { rule in
            if rule == "*" { return true }
            if let slash = rule.firstIndex(of: "/"), let length = Int(rule[rule.index(after: slash)...]) {
                return isInNetwork(origin.host, rule[..<slash], length)
            }
            var name = rule
            if name.hasPrefix("["), let close = name.firstIndex(of: "]") {
                guard isPort(name[name.index(after: close)...], origin) else { return false }
                name = name[..<close].dropFirst()
            } else if let colon = name.lastIndex(of: ":"), name.firstIndex(of: ":") == colon {
                guard isPort(name[colon...], origin) else { return false }
                name = name[..<colon]
            }
            if name.hasPrefix("*.") { name = name.dropFirst() }
            if name.hasPrefix(".") { return origin.host.hasSuffix(name) }
            return !name.isEmpty && (origin.host == name || origin.host.hasSuffix("." + name))
        }
    }

    private func isPort(_ text: Substring, _ origin: Origin) -> Bool {
        text.isEmpty || Int(text.dropFirst()) == origin.port
    }

    private func isInNetwork(_ host: String, _ network: Substring, _ length: Int) -> Bool {
        guard let address = Host.ipv4(host) ?? Host.ipv6(host),
            let base = Host.ipv4(String(network)) ?? Host.ipv6(String(network)),
            address.count == base.count, 0...(8 * base.count) ~= length
        else { return false }
        return (0..<length).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return address[bit / 8] & mask == base[bit / 8] & mask
        }
    }
}
