/// How to reach one registry.
///
/// Every way of printing it hides the password.
public struct RegistrySettings: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Who logs in; nil for anonymous access, or when credentials come from elsewhere.
    public let username: String?
    /// The password or access token; there exactly when `username` is.
    public let password: String?
    /// The absolute path of certificate authorities in PEM, trusted beside those of the system.
    public let caFile: String?
    /// The absolute path of the client certificate in PEM.
    public let certificate: String?
    /// The absolute path of the client certificate's private key in PEM; there exactly when `certificate` is.
    public let certificateKey: String?
    /// Whether the registry is spoken to by HTTP without TLS.
    public let plainHTTP: Bool
    /// Whether any certificate of the registry is accepted.
    public let insecureSkipTLSVerify: Bool

    /// Settings of their parts; all of them default to a public registry's.
    public init(
        username: String? = nil, password: String? = nil, caFile: String? = nil, certificate: String? = nil,
        certificateKey: String? = nil, plainHTTP: Bool = false, insecureSkipTLSVerify: Bool = false
    ) {
        self.username = username
        self.password = password
        self.caFile = caFile
        self.certificate = certificate
        self.certificateKey = certificateKey
        self.plainHTTP = plainHTTP
        self.insecureSkipTLSVerify = insecureSkipTLSVerify
    }

    /// The settings in words, with `***` for the password.
    public var description: String {
        let parts = [
            username.map { "username: \($0)" }, password.map { _ in "password: ***" }, caFile.map { "ca-file: \($0)" },
            certificate.map { "cert: \($0)" }, certificateKey.map { "cert-key: \($0)" },
            plainHTTP ? "plain-http: true" : nil, insecureSkipTLSVerify ? "insecure-skip-tls-verify: true" : nil,
        ]
        return "{ " + parts.compactMap { $0 }.joined(separator: ", ") + " }"
    }

    /// As `description`.
    public var debugDescription: String { description }

    /// A mirror without children, so that `dump` cannot show the password.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
