import FoundationEssentials

/// The address of a token service, as a registry names it: where credentials would go, so it is mistrusted.
struct Realm: Sendable {
    let url: URL
    let origin: Origin

    /// Checks the realm of a challenge.
    ///
    /// It must be https; http is allowed on the host of a registry that is itself spoken to by http. An address of this
    /// machine or of a private network is refused unless it is the registry's own host.
    ///
    /// - Throws: `RegistryError` with code `unauthorized`.
    init(_ text: String?, of endpoint: Endpoint, task: String) throws(RegistryError) {
        guard let text, let url = URL(string: text), url.fragment == nil, let origin = Origin(url) else {
            throw RegistryError(
                .unauthorized, "\(task): \(endpoint.registry) names no usable address of its token service")
        }
        let isOwnHost = origin.host == endpoint.origin.host
        let isPlainRegistry = endpoint.origin.scheme == "http"
        guard origin.scheme == "https" || (isPlainRegistry && isOwnHost) else {
            throw RegistryError(
                .unauthorized,
                "\(task): \(endpoint.registry) names the token service \(origin); credentials do not go there without https"
            )
        }
        let leadsInside = Host.kind(of: origin.host) != .other || origin.host.hasSuffix(".localhost")
        guard isOwnHost || !leadsInside else {
            throw RegistryError(
                .unauthorized,
                "\(task): \(endpoint.registry) names the token service \(origin), an address inside this network that is not its own; refused"
            )
        }
        self.url = url
        self.origin = origin
    }

    /// The address with parameters added to those that it has.
    func url(adding query: [(String, String)], task: String) throws(RegistryError) -> URL {
        let text = url.absoluteString
        guard let url = URL(string: text + (text.contains("?") ? "&" : "?") + Self.encode(query)) else {
            throw RegistryError(.invalidResponse, "\(task): the token service \(origin) cannot be given a scope")
        }
        return url
    }

    /// Parameters as `application/x-www-form-urlencoded`.
    static func encode(_ query: [(String, String)]) -> String {
        query.map { encode($0.0) + "=" + encode($0.1) }.joined(separator: "&")
    }

    private static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.map { byte in
            let isPlain =
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || [0x2d, 0x2e, 0x5f, 0x7e].contains(byte)
            return isPlain
                ? String(UnicodeScalar(byte)) : "%" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
        }.joined()
    }
}
