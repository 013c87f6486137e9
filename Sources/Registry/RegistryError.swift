/// Why something could not be had from a registry, or given to it.
public struct RegistryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The registry does not have the repository, tag, manifest or blob (404).
        case notFound
        /// The registry, its token service or a proxy wants other credentials (401, 403, 407).
        case unauthorized
        /// The registry still says "too many requests" after all attempts (429).
        case rateLimited
        /// No usable answer after all attempts: connection, time limit, 408 or 5xx.
        case unavailable
        /// The bytes are not those of the digest.
        case digestMismatch
        /// More or fewer bytes than the descriptor says.
        case sizeMismatch
        /// A document that can be read in two ways, or whose type disagrees with what names it.
        case ambiguousDocument
        /// An answer that breaks the protocol.
        case invalidResponse
        /// A redirect that is not followed: too many, or to something less safe.
        case redirect
        /// The TLS handshake failed, or a certificate or key cannot be used.
        case tls
        /// The registry does not take a document: it lacks what that refers to, or knows no such documents.
        case refused
        /// The sink of a blob, or what makes one that is pushed, threw; `cause` is what it threw.
        case sink
        /// Settings that cannot be used: docker's config.json, a credential helper, a proxy variable.
        case configuration
        /// The task was cancelled.
        case cancelled
    }

    /// Whether the same request may be made again.
    enum Retry: Sendable {
        case never
        case backoff
        case after(Duration)
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done, to what, what was found, and what to do.
    public let message: String
    /// The error beneath, where there is one.
    public let cause: (any Error)?
    let retry: Retry

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.init(code, message, cause: cause, retry: .never)
    }

    init(_ code: Code, _ message: String, cause: (any Error)? = nil, retry: Retry) {
        self.code = code
        self.message = message
        self.cause = cause
        self.retry = retry
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: RegistryError, right: RegistryError) -> Bool { left.code == right.code }
}
