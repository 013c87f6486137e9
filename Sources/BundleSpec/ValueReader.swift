/// Reads typed values out of nodes, fills in variables, and words the complaints.
struct ValueReader {
    let fileName: String
    var interpolator: Interpolator

    /// A complaint about a value that is absent, of another type or out of range.
    func refusal(_ message: String, at place: some Placed) -> SpecError { refusal(.invalidValue, message, at: place) }

    /// A complaint of any kind about a place.
    func refusal(_ code: SpecError.Code, _ message: String, at place: some Placed) -> SpecError {
        SpecError(code, message, file: fileName, line: place.line, column: place.column)
    }

    /// The members of a mapping, any key.
    func members(_ node: YAMLNode, of name: String) throws(SpecError) -> [(key: YAMLKey, value: YAMLNode)] {
        guard case .mapping(let members) = node.content else {
            throw refusal("\(name) must be a mapping; write lines of 'key: value'", at: node)
        }
        return members
    }

    /// The members of a mapping whose keys are all known.
    func members(_ node: YAMLNode, of name: String, known: [String]) throws(SpecError) -> [String: YAMLNode] {
        var values: [String: YAMLNode] = [:]
        for (key, value) in try members(node, of: name) {
            guard known.contains(key.text) else {
                throw refusal(
                    .unknownKey,
                    "\(name) has no key \(Wording.shown(key.text)); \(Wording.suggestion(for: key.text, among: known))",
                    at: key)
            }
            values[key.text] = value
        }
        return values
    }

    /// The elements of a list.
    func elements(_ node: YAMLNode, of name: String) throws(SpecError) -> [YAMLNode] {
        guard case .list(let elements) = node.content else {
            throw refusal("\(name) must be a list; write it as [one, two], or with '- ' before each element", at: node)
        }
        return elements
    }

    /// The text of a scalar as written; what YAML calls null is refused.
    func text(_ node: YAMLNode, of name: String) throws(SpecError) -> String {
        guard case .scalar(let text, let isPlain) = node.content else {
            throw refusal("\(name) must be one value, not a list or mapping", at: node)
        }
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(text) {
            throw refusal(
                "\(name) has no value; write one (in quotes, if it is this word), or remove the key", at: node)
        }
        return text
    }

    /// A string with its variables filled in.
    mutating func string(_ node: YAMLNode, of name: String) throws(SpecError) -> String {
        try interpolator.expand(try text(node, of: name), line: node.line, column: node.column)
    }

    /// A string that must have at least one character.
    mutating func filledString(_ node: YAMLNode, of name: String) throws(SpecError) -> String {
        let string = try string(node, of: name)
        guard !string.isEmpty else { throw refusal("\(name) is empty; write a value", at: node) }
        return string
    }

    /// A whole number in plain decimal digits.
    mutating func integer(_ node: YAMLNode, of name: String, in range: ClosedRange<Int64>) throws(SpecError) -> Int64 {
        let text = try string(node, of: name)
        let isDecimal =
            text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            && (text == "0" || !text.hasPrefix("0"))
        guard isDecimal, let integer = Int64(text), range.contains(integer) else {
            throw refusal(
                "\(name) is '\(text)'; it must be an integer from \(range.lowerBound) to \(range.upperBound),"
                    + " in decimal digits without leading zeros",
                at: node)
        }
        return integer
    }

    /// `true` or `false`, and no other word that YAML has for them.
    mutating func bool(_ node: YAMLNode, of name: String) throws(SpecError) -> Bool {
        switch try string(node, of: name) {
        case "true": return true
        case "false": return false
        case let text: throw refusal("\(name) is '\(text)'; write true or false", at: node)
        }
    }

    /// One of a type's words.
    mutating func choice<Choice>(_ node: YAMLNode, of name: String) throws(SpecError) -> Choice
    where Choice: RawRepresentable<String> & CaseIterable {
        let text = try string(node, of: name)
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw refusal("\(name) is '\(text)'; it must be one of \(words)", at: node)
        }
        return choice
    }

    /// A lower-case name that can stand in file names and in the statement.
    mutating func name(_ node: YAMLNode, of name: String) throws(SpecError) -> String {
        let text = try string(node, of: name)
        guard Self.isName(text, allowsUpperCase: false) else {
            throw refusal(
                "\(name) is '\(text)'; it must be 1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit",
                at: node)
        }
        return text
    }

    /// The name of a group, which may have upper-case letters.
    mutating func group(_ node: YAMLNode, of name: String) throws(SpecError) -> String {
        let text = try string(node, of: name)
        guard Self.isName(text, allowsUpperCase: true) else {
            throw refusal(
                "\(name) is '\(text)'; it must be 1 to 64 of letters, digits, '.', '_' and '-',"
                    + " starting with a letter or digit",
                at: node)
        }
        return text
    }

    private static func isName(_ text: String, allowsUpperCase: Bool) -> Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || allowsUpperCase && UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        }
        guard let first = text.utf8.first, isLetterOrDigit(first), text.utf8.count <= 64 else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }
}
