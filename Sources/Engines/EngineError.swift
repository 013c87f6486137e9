import BundleFormat
public import DurableFiles

/// Why a target could not be asked or filled.
public struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The engine is not there, or does not answer.
        case unreachable
        /// The engine said no, or something else than was asked for.
        case refused
        /// An engine, a store or a version that this loader does not serve.
        case unsupported
        /// A name points elsewhere, and the image's policy is to fail.
        case nameTaken
        /// A container holds what has to be removed.
        case inUse
        /// Bytes or inodes do not suffice.
        case noSpace
        /// No manifest for the engine's platform.
        case notFound
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

    /// Wraps what the file system said.
    public init(_ error: FileError) {
        self.init(error.code == .noSpace ? .noSpace : .files, error.message, cause: error)
    }

    /// The same with the image that it is about before the sentence.
    func about(_ step: LoadStep) -> EngineError {
        EngineError(code, "\(step.image.image.reference): \(message)", cause: cause)
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: EngineError, right: EngineError) -> Bool { left.code == right.code }
}
