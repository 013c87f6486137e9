import Testing

/// One edit of a good text that must make it a bad one.
struct TextChange: Sendable, CustomTestStringConvertible {
    let name: String
    let old: String
    let new: String

    init(_ name: String, _ old: String, _ new: String) {
        self.name = name
        self.old = old
        self.new = new
    }

    var testDescription: String { name }

    /// The text with the first occurrence of the old part replaced; fails when there is none.
    func applied(to text: String) throws -> [UInt8] {
        try #require(text.utf8.count > 0 && text.contains(old), "\(name) changes nothing")
        return Array(text.replacing(old, with: new, maxReplacements: 1).utf8)
    }
}
