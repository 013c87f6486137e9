/// Why a JSON text was refused, or why a value in it is not what its reader needs.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The bytes are not one strict JSON text (syntax, encoding, duplicate key, trailing bytes).
        case malformed
        /// The text is larger or nested deeper than the limits allow.
        case overLimit
        /// A member is absent.
        case missing
        /// A value has another type or range than needed.
        case mismatch
        /// An object has a member that its reader does not know.
        case unknownMember
    }

    /// What a caller switches on.
    public let code: Code
    /// What was found, and where: a byte offset, or the path of the value.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: JSONError, right: JSONError) -> Bool { left.code == right.code }
}
