import Archives
import BundleFormat
import DurableFiles
import Engines
import OCI
import Registry

/// Why a lock or a bundle could not be made.
public struct BuildError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// An image, a platform or an image layout is not there.
        case notFound
        /// A registry, the network, credentials, or an image that contradicts its own digests.
        case source
        /// A bundle that images are taken from is not signed by a trusted key.
        case notTrusted
        /// A bundle that images are taken from is damaged.
        case damaged
        /// The lock file does not fit the spec.
        case lock
        /// The output directory is something else than a bundle.
        case output
        /// Another build works in the same directory.
        case busy
        /// A file system has no room.
        case noSpace
        /// The file system or the build cache refused, or something unexpected happened.
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

    /// Wraps an error of the modules below, keeping a full disk and an absent image apart from other failures.
    ///
    /// - Parameters:
    ///   - error: What was thrown.
    ///   - doing: What was being done, as `reading image X`.
    public init(_ error: any Error, doing: String) {
        if let error = error as? BuildError {
            self = error
            return
        }
        self.init(Self.code(of: error), "\(doing): \(error)", cause: error)
    }

    private static func code(of error: any Error) -> Code {
        switch error {
        case let error as FileError: error.code == .noSpace ? .noSpace : error.code == .busy ? .busy : .files
        case let error as BundleError: error.code == .noSpace ? .noSpace : .files
        case let error as RegistryError:
            switch error.code {
            case .notFound: .notFound
            case .sink: error.cause.map { code(of: $0) } ?? .files
            case .cancelled: .files
            default: .source
            }
        case let error as BuildError: error.code
        case let error as ArchiveError: error.code == .failed ? .files : .source
        case let error as EngineError: error.code == .notFound ? .notFound : .source
        case is OCIError: .source
        default: .files
        }
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: BuildError, right: BuildError) -> Bool { left.code == right.code }
}
