/// Why a program could not be run to its end.
public struct ProgramError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// It could not be started.
        case notStarted
        /// It neither took nor gave a byte for too long, and was ended.
        case timedOut
        /// It said more than its limit allows, and was ended.
        case overLimit
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done, to what, what was found.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: ProgramError, right: ProgramError) -> Bool { left.code == right.code }
}
