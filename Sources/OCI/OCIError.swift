/// Why a digest, reference or document was refused.
public struct OCIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// Not a digest of a supported algorithm in its one spelling.
        case invalidDigest
        /// Not a reference of the distribution grammar.
        case invalidReference
        /// Not a platform.
        case invalidPlatform
        /// A document that breaks its specification, or whose meaning is ambiguous.
        case invalidDocument
    }

    /// What a caller switches on.
    public let code: Code
    /// What was found and what is allowed.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: OCIError, right: OCIError) -> Bool { left.code == right.code }
}
