/// Why a spec or a lock file was refused, and where.
public struct SpecError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The file cannot be read.
        case unreadable
        /// The text is not one YAML document of the form that specs have.
        case malformed
        /// A mapping has a key that specs do not know.
        case unknownKey
        /// A value is absent, of another type, or out of its range.
        case invalidValue
        /// `${NAME}` names nothing, or variables refer to each other in a circle.
        case undefinedVariable
        /// A key, an image or a name on the target stands twice.
        case duplicate
        /// The lock file is not one, or cannot be believed.
        case lock
    }

    /// What a caller switches on.
    public let code: Code
    /// `file:line:column:`, what was found and what to do; never a password.
    public let message: String
    /// The line, from 1; nil when the complaint is about a whole file.
    public let line: Int?
    /// The column in Unicode scalars, from 1; nil when the complaint is about a whole file.
    public let column: Int?

    /// Makes an error about a place in a file, or about the whole file.
    public init(_ code: Code, _ message: String, file: String, line: Int? = nil, column: Int? = nil) {
        self.code = code
        self.line = line
        self.column = column
        let place = [line, column].compactMap { $0 }.map { ":\($0)" }.joined()
        self.message = "\(file)\(place): \(message)"
    }

    private init(_ error: SpecError, message: String) {
        code = error.code
        line = error.line
        column = error.column
        self.message = message
    }

    /// The same error with `***` wherever its message shows one of the secrets.
    func hiding(_ secrets: some Sequence<String>) -> SpecError {
        var message = message
        // The longest first, so that a secret within another one leaves nothing of it.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) {
            message = message.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
        return SpecError(self, message: message)
    }

    /// The message.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: SpecError, right: SpecError) -> Bool { left.code == right.code }
}
