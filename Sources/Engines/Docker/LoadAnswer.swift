import StrictJSON

/// What a daemon says while and after it loads an archive: JSON values one after another.
///
/// The status is 200 whatever happens; only the values tell.
struct LoadAnswer {
    /// What went wrong, as the daemon said it; nil when all is well.
    let failure: String?

    /// Reads a whole answer.
    ///
    /// - Throws: `JSONError` when it is no sequence of objects.
    init(parsing body: [UInt8]) throws(JSONError) {
        var failure: String?
        for value in try JSONParser(maximumSize: Self.maximumSize).parseSequence(body) {
            let node = JSONNode(value)
            if let error = try node.optional("error") {
                failure = failure ?? Self.text(error)
            } else if let detail = try node.optional("errorDetail") {
                failure = failure ?? Self.text((try? detail.optional("message")) ?? detail)
            } else if case .string(let line)? = try node.optional("stream")?.value,
                // Docker 28 with containerd's store says this, and nothing else.
                line.hasPrefix("Error unpacking image")
            {
                failure = failure ?? line
            }
        }
        self.failure = failure
    }

    /// The longest answer that is read, in bytes.
    static let maximumSize = 4 << 20

    private static func text(_ node: JSONNode) -> String {
        if case .string(let text) = node.value {
            text
        } else {
            String(decoding: JSONWriter.canonical(node.value), as: UTF8.self)
        }
    }
}
