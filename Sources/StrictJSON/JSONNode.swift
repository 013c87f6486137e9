/// A value together with where it stands, so that every complaint names its place.
public struct JSONNode: Sendable {
    /// The value itself.
    public let value: JSONValue
    /// Where it stands, as `$.images[3].digest`.
    public let path: String

    /// The root of a parsed text.
    public init(_ value: JSONValue, path: String = "$") {
        self.value = value
        self.path = path
    }

    /// Parses bytes and gives the root.
    ///
    /// - Throws: `JSONError` as `JSONParser.parse`.
    public init(parsing bytes: [UInt8], parser: JSONParser = JSONParser()) throws(JSONError) {
        self.init(try parser.parse(bytes))
    }

    /// The members of an object, in the order of the text.
    public func members() throws(JSONError) -> [(name: String, node: JSONNode)] {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return members.map { ($0.name, JSONNode($0.value, path: "\(path).\($0.name)")) }
    }

    /// A member that may be absent; `null` counts as absent.
    public func optional(_ name: String) throws(JSONError) -> JSONNode? {
        guard case .object(let members) = value else { throw mismatch("an object") }
        guard let member = members.first(where: { $0.name.hasSameBytes(as: name) }) else { return nil }
        if case .null = member.value { return nil }
        return JSONNode(member.value, path: "\(path).\(name)")
    }

    /// A member that must be there.
    public func member(_ name: String) throws(JSONError) -> JSONNode {
        guard let node = try optional(name) else { throw JSONError(.missing, "\(path) has no '\(name)'") }
        return node
    }

    /// The elements of an array.
    public func elements() throws(JSONError) -> [JSONNode] {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return elements.enumerated().map { JSONNode($0.element, path: "\(path)[\($0.offset)]") }
    }

    /// A string.
    public func string() throws(JSONError) -> String {
        guard case .string(let string) = value else { throw mismatch("a string") }
        return string
    }

    /// True or false.
    public func bool() throws(JSONError) -> Bool {
        guard case .bool(let bool) = value else { throw mismatch("true or false") }
        return bool
    }

    /// A whole number within a range.
    public func integer(in range: ClosedRange<Int64>) throws(JSONError) -> Int64 {
        guard case .integer(let integer) = value, range.contains(integer) else {
            throw mismatch("a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    /// Refuses members whose names are not listed.
    public func allowOnly(_ names: [String]) throws(JSONError) {
        for (name, _) in try members() where !names.contains(where: { $0.hasSameBytes(as: name) }) {
            throw JSONError(.unknownMember, "\(path) has a member '\(name)' that this version does not know")
        }
    }

    /// Refuses members whose names differ from a listed one in the case of letters only: other readers take them for it.
    public func refuseLookalikes(of names: [String]) throws(JSONError) {
        for (name, _) in try members() {
            if names.contains(where: { $0.hasSameBytes(as: name) }) { continue }
            if names.contains(where: { $0.lowercased().hasSameBytes(as: name.lowercased()) }) {
                throw JSONError(.unknownMember, "\(path) has a member '\(name)' that some readers take for another")
            }
        }
    }

    /// A complaint about this value.
    public func mismatch(_ expected: String) -> JSONError { JSONError(.mismatch, "\(path) is not \(expected)") }
}
