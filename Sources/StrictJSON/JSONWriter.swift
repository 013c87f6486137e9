/// Writes JSON in one canonical form: members sorted by the bytes of their names, no space, shortest escapes.
public struct JSONWriter {
    private var output: [UInt8] = []
    private let indentation: Int?
    private let sortsMembers: Bool

    private init(indentation: Int?, sortsMembers: Bool) {
        self.indentation = indentation
        self.sortsMembers = sortsMembers
    }

    /// The canonical bytes of a value, with one final line feed.
    public static func canonical(_ value: JSONValue) -> [UInt8] { write(value, indentation: nil) }

    /// The same order of members, two spaces of indentation a level, for files that people read and compare.
    public static func readable(_ value: JSONValue) -> [UInt8] { write(value, indentation: 2) }

    /// As `readable`, but members keep their order, for files that belong to somebody else.
    public static func ordered(_ value: JSONValue) -> [UInt8] { write(value, indentation: 2, sortsMembers: false) }

    private static func write(_ value: JSONValue, indentation: Int?, sortsMembers: Bool = true) -> [UInt8] {
        var writer = JSONWriter(indentation: indentation, sortsMembers: sortsMembers)
        writer.append(value, depth: 0)
        writer.output.append(0x0A)
        return writer.output
    }

    private mutating func append(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let bool): append(bool ? "true" : "false")
        case .integer(let integer): append(String(integer))
        case .number(let text): append(text)
        case .string(let string): append(quoting: string)
        case .array(let elements):
            list(elements, open: "[", close: "]", depth: depth) { writer, element in
                writer.append(element, depth: depth + 1)
            }
        case .object(let members):
            let sorted =
                sortsMembers ? members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } : members
            list(sorted, open: "{", close: "}", depth: depth) { writer, member in
                writer.append(quoting: member.name)
                writer.append(writer.indentation == nil ? ":" : ": ")
                writer.append(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func list<Element>(
        _ elements: [Element], open: String, close: String, depth: Int,
        _ body: (inout JSONWriter, Element) -> Void
    ) {
        append(open)
        for (position, element) in elements.enumerated() {
            if position > 0 { append(",") }
            newLine(depth: depth + 1)
            body(&self, element)
        }
        if !elements.isEmpty { newLine(depth: depth) }
        append(close)
    }

    private mutating func newLine(depth: Int) {
        guard let indentation else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indentation * depth))
    }

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

    private mutating func append(quoting text: String) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x09: append("\\t")
            case 0x0A: append("\\n")
            case 0x0C: append("\\f")
            case 0x0D: append("\\r")
            case 0..<0x20, 0x7F: append("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
