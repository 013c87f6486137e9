/// Why an archive could not be read.
public struct ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The archive is cut off, or its bytes contradict each other.
        case damaged
        /// The file is no archive of the wanted kind, or holds what this reader does not take, such as sparse files.
        case unsupported
        /// The archive holds more than the caller allows.
        case overLimit
        /// An entry's name is absolute, leads upwards, or is no text.
        case name
        /// The library or the system refused.
        case failed
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done, to which archive, and what was found.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: ArchiveError, right: ArchiveError) -> Bool { left.code == right.code }
}
