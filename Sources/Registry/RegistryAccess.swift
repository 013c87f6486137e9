/// How to reach one registry.
public struct RegistryAccess: Sendable {
    /// Whether to speak http instead of https; nil: http for loopback addresses without TLS settings, https for others.
    public var plainHTTP: Bool?
    /// Whether to accept any certificate of this registry.
    public var insecureSkipTLSVerify: Bool
    /// A PEM file of authorities that are trusted beside those of the system.
    public var caFile: String?
    /// A PEM file of the client certificate and its chain; shown to this registry only.
    public var certificate: String?
    /// A PEM file of the client certificate's key.
    public var certificateKey: String?
    /// Whom to log in as; nil: as docker's config.json or the environment say.
    public var credentials: Credentials?

    /// Settings; what is left out has its default.
    public init(
        plainHTTP: Bool? = nil, insecureSkipTLSVerify: Bool = false, caFile: String? = nil, certificate: String? = nil,
        certificateKey: String? = nil, credentials: Credentials? = nil
    ) {
        self.plainHTTP = plainHTTP
        self.insecureSkipTLSVerify = insecureSkipTLSVerify
        self.caFile = caFile
        self.certificate = certificate
        self.certificateKey = certificateKey
        self.credentials = credentials
    }
}

/// A user name and its password or access token.
public struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// The user.
    public var username: String
    /// The secret; no description or mirror shows it.
    public var password: String

    /// Makes credentials.
    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    /// The user, without the password.
    public var description: String { "\(username):***" }

    /// The user, without the password.
    public var debugDescription: String { description }

    /// The user, without the password.
    public var customMirror: Mirror { Mirror(self, children: ["username": username]) }
}
