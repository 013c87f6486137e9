extension LyingRegistry {
    /// What is wrong with one answer; what is not set is as it should be.
    public struct Fault: Sendable, CustomStringConvertible {
        /// The status instead of 200 or 206; without a body of its own unless `body` is set.
        public var status: Int?
        /// Headers to add or replace; nil leaves one out.
        public var headers: [String: String?] = [:]
        /// The body instead of the right one; Range requests apply to it.
        public var body: [UInt8]?
        /// Serves the whole body with status 200 whatever range is asked for.
        public var ignoresRange = false
        /// Closes the connection after so many bytes of the body; with 0 after the head, below 0 before it.
        public var cutAfter: Int?
        /// How long after them; clients drop what they have not handed on when a connection breaks.
        public var cutDelay = Duration.seconds(1)
        /// Sends the body in chunks, so that no length is announced.
        public var isChunked = false
        /// Repeats the body for ever, in chunks.
        public var isEndless = false
        /// Sends the body byte by byte with this time between.
        public var pause: Duration?
        /// Reads the request and says nothing.
        public var isSilent = false

        /// Nothing is wrong.
        public init() {}

        /// What matters in the names of test cases.
        public var description: String {
            "status \(status.map { String($0) } ?? "as it should be"), body of \(body?.count ?? -1)\(isEndless ? ", endless" : "")"
        }

        /// Nothing is wrong.
        public static let none = Fault()

        /// Another status, with headers.
        public static func status(_ status: Int, headers: [String: String] = [:], body: String = "") -> Fault {
            var fault = Fault()
            fault.status = status
            fault.headers = headers
            fault.body = Array(body.utf8)
            return fault
        }

        /// A temporary redirect.
        public static func redirect(to location: String) -> Fault { .status(307, headers: ["Location": location]) }

        /// Another body.
        public static func body(_ bytes: [UInt8]) -> Fault {
            var fault = Fault()
            fault.body = bytes
            return fault
        }

        /// Other headers; nil leaves one out.
        public static func headers(_ headers: [String: String?]) -> Fault {
            var fault = Fault()
            fault.headers = headers
            return fault
        }

        /// A connection that breaks after so many bytes of the body; below 0 before the head.
        public static func cut(after count: Int, delay: Duration = .seconds(1)) -> Fault {
            var fault = Fault()
            fault.cutAfter = count
            fault.cutDelay = delay
            return fault
        }

        /// The same fault with more wrong.
        public func with(_ change: (inout Fault) -> Void) -> Fault {
            var fault = self
            change(&fault)
            return fault
        }
    }
}
