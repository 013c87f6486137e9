/// Reads one strict JSON text (RFC 8259): UTF-8 only, no duplicate names, nothing before or after it.
///
/// Bounded in size and depth; never recurses deeper than `maximumDepth`.
public struct JSONParser: Sendable {
    /// The largest text that is looked at, in bytes.
    public let maximumSize: Int
    /// How deep arrays and objects may nest.
    public let maximumDepth: Int

    /// A parser with its limits.
    public init(maximumSize: Int = 16 << 20, maximumDepth: Int = 64) {
        self.maximumSize = maximumSize
        self.maximumDepth = maximumDepth
    }

    /// Parses a whole text.
    ///
    /// - Throws: `JSONError` with code `malformed` or `overLimit`; the message names the byte offset.
    public func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        try checkSize(bytes)
        var scanner = Scanner(bytes: bytes, depthLeft: maximumDepth)
        scanner.skipSpace()
        let value = try scanner.value()
        scanner.skipSpace()
        guard scanner.position == bytes.count else { throw scanner.malformed("bytes after the value") }
        return value
    }

    /// Parses values that stand one after another, with any space or none between them.
    ///
    /// - Throws: `JSONError` with code `malformed` or `overLimit`; the message names the byte offset.
    public func parseSequence(_ bytes: [UInt8]) throws(JSONError) -> [JSONValue] {
        try checkSize(bytes)
        var scanner = Scanner(bytes: bytes, depthLeft: maximumDepth)
        var values: [JSONValue] = []
        scanner.skipSpace()
        while scanner.position < bytes.count {
            values.append(try scanner.value())
            scanner.skipSpace()
        }
        return values
    }

    private func checkSize(_ bytes: [UInt8]) throws(JSONError) {
        guard bytes.count <= maximumSize else {
            throw JSONError(.overLimit, "JSON text of \(bytes.count) bytes is over the limit of \(maximumSize)")
        }
    }
}

private struct Scanner {
    let bytes: [UInt8]
    var depthLeft: Int
    var position = 0

    func malformed(_ what: String) -> JSONError { JSONError(.malformed, "JSON: \(what) at byte \(position)") }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    mutating func expect(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in text.description.utf8 {
            guard next == byte else { throw malformed("unknown word") }
            position += 1
        }
        return value
    }

    mutating func value() throws(JSONError) -> JSONValue {
        switch next {
        case UInt8(ascii: "{"): return try nested { (scanner) throws(JSONError) in try scanner.object() }
        case UInt8(ascii: "["): return try nested { (scanner) throws(JSONError) in try scanner.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try expect("true", .bool(true))
        case UInt8(ascii: "f"): return try expect("false", .bool(false))
        case UInt8(ascii: "n"): return try expect("null", .null)
        case nil: throw malformed("end of text where a value should stand")
        case let byte? where byte == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte:
            return try number()
        default: throw malformed("no value starts with this byte")
        }
    }

    mutating func nested(
        _ body: (inout Scanner) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        guard depthLeft > 0 else { throw JSONError(.overLimit, "JSON: nested too deep at byte \(position)") }
        depthLeft -= 1
        position += 1
        skipSpace()
        let value = try body(&self)
        depthLeft += 1
        return value
    }

    mutating func array() throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        if next == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            elements.append(try value())
            if try listEnds(with: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    mutating func object() throws(JSONError) -> JSONValue {
        var members: [JSONMember] = []
        var names: Set<[UInt8]> = []
        if next == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            guard next == UInt8(ascii: "\"") else { throw malformed("a member's name should stand here") }
            let name = try string()
            guard names.insert(Array(name.utf8)).inserted else { throw malformed("a second member of the same name") }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw malformed("no colon after a member's name") }
            position += 1
            skipSpace()
            members.append(JSONMember(name: name, value: try value()))
            if try listEnds(with: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    /// After an element: true at the closing byte, false at a comma.
    mutating func listEnds(with close: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        switch next {
        case close:
            position += 1
            return true
        case UInt8(ascii: ","):
            position += 1
            skipSpace()
            return false
        default: throw malformed("neither a comma nor the end of the list")
        }
    }

    mutating func digits() throws(JSONError) {
        guard let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else {
            throw malformed("a digit is missing")
        }
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    }

    mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        try digits()
        guard bytes[firstDigit] != UInt8(ascii: "0") || position == firstDigit + 1 else {
            position = firstDigit
            throw malformed("a number with a leading zero")
        }
        var isWhole = true
        if next == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard isWhole, text != "-0", let integer = Int64(text) else { return .number(text) }
        return .integer(integer)
    }

    mutating func string() throws(JSONError) -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else { throw malformed("not UTF-8 before") }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                position += 1
                content.append(contentsOf: try escape())
            case 0..<0x20:
                throw malformed("a control byte in a string")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw malformed("a string without an end")
    }

    mutating func escape() throws(JSONError) -> [UInt8] {
        guard let byte = next else { throw malformed("an escape without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw malformed("an unknown escape")
        }
    }

    mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
        var scalarValue = try codeUnit()
        if 0xD800..<0xDC00 ~= scalarValue {
            guard next == UInt8(ascii: "\\") else { throw malformed("half a surrogate pair") }
            position += 1
            guard next == UInt8(ascii: "u") else { throw malformed("half a surrogate pair") }
            position += 1
            let low = try codeUnit()
            guard 0xDC00..<0xE000 ~= low else { throw malformed("half a surrogate pair") }
            scalarValue = 0x10000 + ((scalarValue - 0xD800) << 10) + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(scalarValue) else { throw malformed("half a surrogate pair") }
        return Array(String(Character(scalar)).utf8)
    }

    mutating func codeUnit() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = hexValue(byte) else { throw malformed("four hex digits are missing") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
