public import BundleFormat
public import DurableFiles
public import Engines

/// Why images could not be loaded.
public struct LoadError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// No key, too few signatures, or a policy that forbids this bundle: product, channel, rollback, expiry.
        case notTrusted
        /// A byte or a meaning differs from what was signed, or the state directory holds what nobody wrote so.
        case damaged
        /// The bundle, its medium, an image or a marker is not there.
        case notFound
        /// Bytes or inodes do not suffice.
        case noSpace
        /// The engine is not there, or refused.
        case engine
        /// A mistake in firstboot.env, in the policy, or on the command line.
        case configuration
        /// Another loader works.
        case busy
        /// The file system refused.
        case files
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done, to what, what was found, what to do.
    public let message: String
    /// The error below, if any.
    public let cause: (any Error)?

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Wraps what the file system said, keeping a full disk and an absent file apart.
    public init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .noSpace: .noSpace
            case .notFound: .notFound
            case .busy: .busy
            default: .files
            }
        self.init(code, error.message, cause: error)
    }

    /// Wraps what reading the bundle said.
    public init(_ error: BundleError) {
        let code: Code =
            switch error.code {
            case .notTrusted: .notTrusted
            case .damaged, .unsupported, .invalid: .damaged
            case .notFound: .notFound
            case .noSpace: .noSpace
            case .files: .files
            }
        self.init(code, error.message, cause: error)
    }

    /// Wraps what an engine said.
    public init(_ error: EngineError) {
        let code: Code =
            switch error.code {
            case .noSpace: .noSpace
            case .notFound: .notFound
            case .files: .files
            case .unreachable, .refused, .unsupported, .nameTaken, .inUse: .engine
            }
        self.init(code, error.message, cause: error)
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: LoadError, right: LoadError) -> Bool { left.code == right.code }
}
