/// Where the tables of a TOML text start; knows as much of TOML as it takes to refuse what it cannot tell.
///
/// Texts over several lines and what breaks TOML's grammar are refused; values are not looked into.
///
/// Spec: TOML v1.0.0 § Keys, § Table.
struct TOMLTables {
    /// A header, as `[host."http://127.0.0.1:5000"]`.
    struct Table {
        let keys: [String]
        /// From 0.
        let line: Int
    }

    /// What the text does not say clearly.
    struct Fault: Error {
        /// From 1.
        let line: Int
        let message: String
    }

    private(set) var tables: [Table] = []
    /// The first parts of the keys before all tables.
    private(set) var topLevelKeys: [String] = []

    init(lines: [String]) throws(Fault) {
        // The lists and inline tables that are open.
        var depth = 0
        for (number, line) in lines.enumerated() {
            var scanner = Scanner(line: number + 1, text: Array(line.unicodeScalars))
            scanner.skipSpace()
            if scanner.isAtEnd { continue }
            if depth == 0, scanner.next == "[" {
                tables.append(Table(keys: try scanner.header(), line: number))
                continue
            }
            if depth == 0 {
                let keys = try scanner.keys()
                if tables.isEmpty, let first = keys.first { topLevelKeys.append(first) }
                guard scanner.take("=") else { throw scanner.fault("a key without '='") }
                scanner.skipSpace()
                guard !scanner.isAtEnd else { throw scanner.fault("a key without a value") }
            }
            depth = try scanner.value(depth: depth)
        }
        guard depth == 0 else { throw Fault(line: lines.count, message: "a list without its end") }
    }
}

private struct Scanner {
    let line: Int
    let text: [Unicode.Scalar]
    var position = 0

    init(line: Int, text: [Unicode.Scalar]) {
        self.line = line
        self.text = text
    }

    var next: Unicode.Scalar? { position < text.count ? text[position] : nil }
    /// Whether nothing but a comment is left.
    var isAtEnd: Bool { next == nil || next == "#" || next == "\r" }

    func fault(_ message: String) -> TOMLTables.Fault { TOMLTables.Fault(line: line, message: message) }

    mutating func skipSpace() { while next == " " || next == "\t" { position += 1 } }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    /// `[keys]` or `[[keys]]`, and nothing after it.
    mutating func header() throws(TOMLTables.Fault) -> [String] {
        _ = take("[")
        let isArray = take("[")
        let keys = try keys()
        guard take("]"), !isArray || take("]") else { throw fault("a table's name without its end") }
        skipSpace()
        guard isAtEnd else { throw fault("something after a table's name") }
        return keys
    }

    /// Keys joined by dots, and the space after them.
    mutating func keys() throws(TOMLTables.Fault) -> [String] {
        var keys: [String] = []
        repeat {
            skipSpace()
            let start = position
            if let quote = next, quote == "\"" || quote == "'" {
                keys.append(try string(quote))
            } else {
                while let scalar = next, Self.isBare(scalar) { position += 1 }
                guard position > start else { throw fault("no key where one should stand") }
                keys.append(Self.text(text[start..<position]))
            }
            skipSpace()
        } while take(".")
        return keys
    }

    /// A value, or a part of one that goes on in the next line; gives what is open then.
    mutating func value(depth: Int) throws(TOMLTables.Fault) -> Int {
        var depth = depth
        while !isAtEnd, let scalar = next {
            switch scalar {
            case "\"", "'": _ = try string(scalar)
            case "[", "{":
                depth += 1
                position += 1
            case "]", "}":
                depth -= 1
                guard depth >= 0 else { throw fault("an end of a list that has no start") }
                position += 1
            default: position += 1
            }
        }
        return depth
    }

    /// What stands between quotes; escapes stay as they are.
    private mutating func string(_ quote: Unicode.Scalar) throws(TOMLTables.Fault) -> String {
        guard !text[position...].starts(with: [quote, quote, quote]) else {
            throw fault("a text over several lines, which this program does not read")
        }
        position += 1
        let start = position
        while let scalar = next {
            if scalar == quote {
                position += 1
                return Self.text(text[start..<position - 1])
            }
            position += quote == "\"" && scalar == "\\" ? 2 : 1
        }
        throw fault("a text without its closing quote")
    }

    private static func isBare(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || "0"..."9" ~= scalar || scalar == "_" || scalar == "-")
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }
}
