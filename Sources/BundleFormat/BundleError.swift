public import DurableFiles

/// Why a bundle could not be read, verified or written.
public struct BundleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// No trusted key, too few valid signatures, or no statement that they cover.
        case notTrusted
        /// A byte, a file or a meaning differs from what was signed.
        case damaged
        /// Made by a later version of the format.
        case unsupported
        /// The directory, or a pack that lies elsewhere, is not there.
        case notFound
        /// The file system has no room.
        case noSpace
        /// The file system refused.
        case files
        /// What was to be written breaks the format; a fault of the caller.
        case invalid
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
            case .notRegular, .truncated, .overLimit: .damaged
            default: .files
            }
        self.init(code, error.message, cause: error)
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: BundleError, right: BundleError) -> Bool { left.code == right.code }
}
