public import StrictJSON

/// A YAML text of other programs, whose mappings are looked at and added to by line, so that comments and layout stay.
///
/// One document of mappings, lists and texts; anchors, tags and keys that stand twice are refused.
public struct YAMLOutline: Sendable {
    /// A key of a mapping.
    public struct Key: Sendable {
        /// The key.
        public let name: String
        /// Where it stands, from 1.
        public let line: Int
        /// Where it starts in its line, from 1.
        public let column: Int
        /// The keys of its value, where that is a mapping.
        public let keys: [Key]
    }

    /// The keys at the top; none in an empty text.
    public let keys: [Key]
    /// All of it; what is not a mapping or a list is a string.
    public let value: JSONValue

    /// Parses a whole text; one of comments only is an empty mapping.
    ///
    /// - Throws: `SpecError` with the place, whose words are about specs.
    public init(parsing bytes: [UInt8]) throws(SpecError) {
        let source = try SourceText(bytes: bytes, fileName: "YAML")
        let isEmpty = source.text.split(whereSeparator: \.isNewline).allSatisfy { line in
            line.first { $0 != " " }.map { $0 == "#" } ?? true
        }
        guard !isEmpty else {
            (keys, value) = ([], .object([]))
            return
        }
        let root = try YAMLDocument(source).root
        guard case .mapping = root.content else {
            throw SpecError(.malformed, "no mapping", file: "YAML", line: root.line, column: root.column)
        }
        keys = root.outlineKeys
        value = root.json
    }
}

extension YAMLNode {
    fileprivate var outlineKeys: [YAMLOutline.Key] {
        guard case .mapping(let members) = content else { return [] }
        return members.map { key, value in
            YAMLOutline.Key(name: key.text, line: key.line, column: key.column, keys: value.outlineKeys)
        }
    }

    fileprivate var json: JSONValue {
        switch content {
        case .scalar(let text, _): .string(text)
        case .list(let elements): .array(elements.map(\.json))
        case .mapping(let members): .object(members.map { JSONMember(name: $0.key.text, value: $0.value.json) })
        }
    }
}
