/// One challenge of a `WWW-Authenticate` header.
///
/// Spec: RFC 9110 section 11.3.
struct Challenge: Sendable, Equatable {
    /// In lower case, as `bearer`.
    let scheme: String
    /// By name in lower case.
    let parameters: [String: String]

    /// The challenges of header values; what cannot be read, and what says a thing twice, is left out.
    static func parse(_ values: [String]) -> [Challenge] {
        values.flatMap { value in
            var reader = Reader(bytes: Array(value.utf8.prefix(16384)))
            return reader.challenges()
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skip(_ isSkipped: (UInt8) -> Bool) {
            while let byte = next, isSkipped(byte) { position += 1 }
        }

        mutating func skipSpace() { skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

        mutating func token() -> String {
            let start = position
            skip { byte in
                byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "=")
                    && byte != UInt8(ascii: "\"")
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        /// After the opening quote; nil when the closing one is missing.
        mutating func quoted() -> String? {
            var content: [UInt8] = []
            while let byte = next {
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: content, as: UTF8.self) }
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = next else { return nil }
                    position += 1
                    content.append(escaped)
                } else {
                    content.append(byte)
                }
            }
            return nil
        }

        mutating func challenges() -> [Challenge] {
            var found: [Challenge] = []
            var scheme: String?
            var parameters: [String: String] = [:]
            var isSound = true
            func current() -> Challenge? {
                guard isSound, let scheme else { return nil }
                return Challenge(scheme: scheme, parameters: parameters)
            }
            while true {
                skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: ",") }
                guard next != nil else { break }
                let name = token().lowercased()
                guard !name.isEmpty else { return found }
                skipSpace()
                if next == UInt8(ascii: "="), scheme != nil {
                    position += 1
                    skipSpace()
                    var value: String? = nil
                    if next == UInt8(ascii: "\"") {
                        position += 1
                        value = quoted()
                    } else {
                        value = token()
                    }
                    guard let value else { return found }
                    if parameters.updateValue(value, forKey: name) != nil { isSound = false }
                } else {
                    if let challenge = current() { found.append(challenge) }
                    scheme = name
                    parameters = [:]
                    isSound = true
                }
            }
            if let challenge = current() { found.append(challenge) }
            return found
        }
    }
}
