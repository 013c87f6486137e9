/// Why bytes are not a gzip file.
public struct GzipError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// A byte is wrong: magic, header checksum, compressed data, CRC or length.
        case damaged
        /// The stream ends inside a member, or has none.
        case truncated
        /// Something other than a member follows the last member.
        case trailingBytes
        /// A compression method or a flag that RFC 1952 reserves.
        case unsupported
    }

    /// What a caller switches on.
    public let code: Code
    /// What was found.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: GzipError, right: GzipError) -> Bool { left.code == right.code }
}
