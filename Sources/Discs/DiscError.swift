/// Why the image of a disc could not be read.
public struct DiscError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The file is no ISO 9660 image.
        case unsupported
        /// The image has no such folder.
        case notFound
        /// The image is cut off, or contradicts itself.
        case damaged
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done, to which image, what was found, what to do.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: DiscError, right: DiscError) -> Bool { left.code == right.code }
}
