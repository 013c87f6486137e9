/// Why a program of the tests, or a part that they start, did not do what it should.
public struct CommandError: Error, Equatable, CustomStringConvertible {
    /// What went wrong, to switch on.
    public enum Code: Sendable {
        /// The program is not installed.
        case notFound
        /// A system call failed.
        case system
        /// The program ended with a failure.
        case failed
        /// The program did not end, or did not get ready, in time.
        case timedOut
    }

    /// What went wrong.
    public let code: Code
    /// What was being done, and what was found.
    public let message: String

    /// An error of its parts.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: CommandError, right: CommandError) -> Bool { left.code == right.code }
}
