/// Why a bundle could not be delivered, where neither the bundle nor a registry is to blame.
public struct DeliveryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// Options that contradict each other or the bundle.
        case usage
        /// A name points elsewhere, and must not be moved.
        case nameTaken
        /// An index lacks platforms, and that was forbidden.
        case sparse
        /// An address cannot be listened at.
        case listen
        /// A medium does not give back what was written, or an image of one cannot be read.
        case damaged
        /// A program that is needed is not there, or failed.
        case program
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done, to what, what was found, and what to do.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: DeliveryError, right: DeliveryError) -> Bool { left.code == right.code }
}
