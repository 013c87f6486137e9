/// One JSON value; objects keep the order of their members and never hold a name twice.
public indirect enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number without fraction or exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number, as it stood in the text.
    case number(String)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object, in the order of the text.
    case object([JSONMember])

    /// An object from pairs, leaving out those whose value is nil.
    public static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(members.compactMap { pair in pair.value.map { JSONMember(name: pair.key, value: $0) } })
    }

    /// An array of strings.
    public static func strings(_ values: some Sequence<String>) -> JSONValue {
        .array(values.map(JSONValue.string))
    }
}

/// A name and its value in an object.
public struct JSONMember: Sendable {
    /// The name, unescaped.
    public let name: String
    /// The value.
    public let value: JSONValue

    /// Makes a member.
    public init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension String {
    /// Whether two strings are the same bytes; `==` would also accept canonical equivalents, which is an attack here.
    func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
