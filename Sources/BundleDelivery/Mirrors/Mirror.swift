import FoundationEssentials
import OCI
public import Registry

/// A registry that clients ask instead of others, and how they reach it.
///
/// Spec: docs/delivering.md section 5.
public struct Mirror: Sendable {
    /// Stands for every registry, where a runtime knows such a thing.
    public static let everyRegistry = "_default"

    /// `http` or `https`.
    let scheme: String
    /// As in references, `host[:port]`.
    let host: String
    /// The path before the images' own.
    let path: String?
    /// The registries whose images it has, each once.
    let upstreams: [String]
    let credentials: Credentials?
    /// Certificates in PEM.
    let authority: [UInt8]?
    let skipsTLSVerify: Bool

    /// A registry, checked.
    ///
    /// - Parameters:
    ///   - registry: `http://host[:port]`, `https://host[:port]`, or `host[:port]` for the latter.
    ///   - path: As `acme/site`, which stands before the paths of images there.
    ///   - upstreams: Hosts as in references, or `_default`; empty for that.
    ///   - credentials: Whom clients log in as; nil for nobody.
    ///   - authority: Certificates in PEM, of which one has signed the registry's.
    ///   - skipsTLSVerify: Whether clients do not check its certificate.
    /// - Throws: `DeliveryError` with code `usage`.
    public init(
        registry: String, path: String? = nil, upstreams: [String] = [], credentials: Credentials? = nil,
        authority: [UInt8]? = nil, skipsTLSVerify: Bool = false
    ) throws(DeliveryError) {
        var host = Substring(registry)
        var scheme = "https"
        for known in ["http", "https"] where host.hasPrefix(known + "://") {
            scheme = known
            host = host.dropFirst(known.count + 3)
            break
        }
        if host.hasSuffix("/") { host = host.dropLast() }
        guard !host.contains("/") else {
            throw DeliveryError(
                .usage,
                "the registry '\(registry)' has a path; give http://host[:port] or https://host[:port], "
                    + "and the path by --path"
            )
        }
        self.scheme = scheme
        self.host = try Self.host(String(host), "the registry '\(registry)'")
        self.path = try path.map { path throws(DeliveryError) in try Self.checked(path: path, host: String(host)) }
        var seen: [String] = []
        for upstream in upstreams {
            let name =
                upstream == Self.everyRegistry ? upstream : try Self.host(upstream, "the upstream '\(upstream)'")
            guard !seen.contains(name) else {
                throw DeliveryError(.usage, "the upstream \(name) is named twice; name it once")
            }
            seen.append(name)
        }
        self.upstreams = seen.isEmpty ? [Self.everyRegistry] : seen
        if let credentials { try Self.check(credentials) }
        self.credentials = credentials
        guard scheme == "https" || (authority == nil && !skipsTLSVerify) else {
            throw DeliveryError(
                .usage,
                "an authority, or none at all, is for https, and the registry is \(registry); leave the option out")
        }
        guard authority == nil || !skipsTLSVerify else {
            throw DeliveryError(
                .usage, "an authority does nothing where certificates are not checked; leave one of the two out")
        }
        if let authority { try Self.check(authority) }
        self.authority = authority
        self.skipsTLSVerify = skipsTLSVerify
    }

    /// `https://host[:port]`.
    var origin: String { scheme + "://" + host }

    /// What `Authorization` says to it.
    var authorization: String? {
        credentials.map { "Basic " + Data("\($0.username):\($0.password)".utf8).base64EncodedString() }
    }

    private static func host(_ text: String, _ what: String) throws(DeliveryError) -> String {
        do throws(OCIError) {
            // A host without a dot and a port is one only where references can tell it from a path.
            let probe = try Reference(parsing: text + "/a/a:a")
            guard probe.repository == "a/a" else {
                throw OCIError(.invalidReference, "references know a host by its dot or port")
            }
            return probe.registry
        } catch {
            throw DeliveryError(.usage, "\(what) is not host[:port], as registry.example.com:5000: \(error.message)")
        }
    }

    private static func checked(path: String, host: String) throws(DeliveryError) -> String {
        let trimmed = path.split(separator: "/").joined(separator: "/")
        do throws(OCIError) {
            guard !trimmed.isEmpty, try Reference(parsing: "\(host)/\(trimmed)/a:a").repository == trimmed + "/a" else {
                throw OCIError(.invalidReference, "it is no path of a repository")
            }
            return trimmed
        } catch {
            throw DeliveryError(
                .usage, "the path '\(path)' cannot stand before images: \(error.message); give one as acme/site")
        }
    }

    private static func check(_ credentials: Credentials) throws(DeliveryError) {
        let (user, password) = (credentials.username, credentials.password)
        guard !user.isEmpty, !user.contains(":"), !password.isEmpty,
            (user + password).unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw DeliveryError(
                .usage,
                "the user name or the password cannot be sent: both need characters, none invisible, and the name no colon"
            )
        }
    }

    private static func check(_ authority: [UInt8]) throws(DeliveryError) {
        let text = String(decoding: authority, as: UTF8.self)
        guard text.contains("-----BEGIN CERTIFICATE-----\n") || text.contains("-----BEGIN CERTIFICATE-----\r\n"),
            text.contains("-----END CERTIFICATE-----")
        else { throw DeliveryError(.usage, "the authority is no certificate in PEM; convert it with 'openssl x509'") }
        guard !text.contains("PRIVATE KEY-----") else {
            throw DeliveryError(
                .usage, "the authority comes with a private key, which clients must not get; name its certificate"
            )
        }
    }
}
