import OCI
import StrictJSON

/// What is answered to a request.
struct ServedAnswer: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        /// A part of a layer's blob, or all of it.
        case layer(ServedContent.Layer, Range<Int64>)
    }

    let status: Int
    var headers: [(name: String, value: String)]
    let body: Body
    /// What the log says beside the status.
    var note: String?

    init(_ status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([]), note: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.note = note
    }

    /// A document of ours.
    static func json(_ value: JSONValue, headers: [(name: String, value: String)] = []) -> ServedAnswer {
        ServedAnswer(
            200, headers: [("Content-Type", "application/json")] + headers, body: .bytes(JSONWriter.canonical(value)))
    }

    /// An error as the protocol has them.
    ///
    /// Spec: distribution-spec v1.1 § Error Codes.
    static func error(_ status: Int, _ code: String, _ message: String, note: String? = nil) -> ServedAnswer {
        let error = JSONValue.object(["code": .string(code), "message": .string(message)])
        return ServedAnswer(
            status, headers: [("Content-Type", "application/json")],
            body: .bytes(JSONWriter.canonical(.object(["errors": .array([error])]))), note: note ?? message)
    }

    /// How many bytes the body has.
    var size: Int64 {
        switch body {
        case .bytes(let bytes): Int64(bytes.count)
        case .layer(_, let range): range.upperBound - range.lowerBound
        }
    }
}
