/// Puts values in the place of `${NAME}` and `${NAME:-default}`; `$$` gives `$`.
///
/// Overrides win over the environment, and both over the spec's variables. Only a variable's own text is interpolated
/// again, when it refers to other variables; what overrides, environment and results hold never is.
struct Interpolator {
    private struct Variable {
        let text: String
        let line: Int
        let column: Int
    }

    let fileName: String
    private let overrides: [String: String]
    private let environment: [String: String]
    private var variables: [String: Variable] = [:]
    private var resolved: [String: String] = [:]
    private var resolving: [String] = []
    private var used: Set<String> = []
    private var bytesLeft = 16 << 20
    /// What error messages must not show.
    private(set) var secrets: Set<String> = []

    /// The longest result of one interpolation, in bytes.
    private static let maximumLength = 64 << 10
    /// How far variables may refer to variables that refer to variables.
    private static let maximumDepth = 64

    init(fileName: String, overrides: [String: String], environment: [String: String]) {
        self.fileName = fileName
        self.overrides = overrides
        self.environment = environment
    }

    /// Takes one of the spec's own variables.
    mutating func declare(_ name: String, text: String, line: Int, column: Int) {
        variables[name] = Variable(text: text, line: line, column: column)
        used.insert(name)
    }

    /// Resolves what was declared, so that a fault in a variable is told even when nothing uses it.
    mutating func resolveDeclared() throws(SpecError) {
        for (name, variable) in variables.sorted(by: { ($0.value.line, $0.key) < ($1.value.line, $1.key) }) {
            _ = try value(of: name, line: variable.line, column: variable.column)
        }
    }

    /// Refuses overrides that nothing in the spec refers to: they are misspelt.
    func refuseUnusedOverrides() throws(SpecError) {
        guard let name = overrides.keys.filter({ !used.contains($0) }).min() else { return }
        let help = used.isEmpty ? "it uses no variables" : Wording.suggestion(for: name, among: used.sorted())
        throw SpecError(
            .undefinedVariable, "--set names \(Wording.shown(name)), which the spec neither declares nor uses; \(help)",
            file: fileName)
    }

    /// Keeps a value out of every message.
    mutating func hide(_ secret: String) {
        // Shorter words would make messages unreadable and are no secrets.
        if secret.utf8.count >= 4 { secrets.insert(secret) }
    }

    /// The text with every reference replaced.
    mutating func expand(_ text: String, line: Int, column: Int) throws(SpecError) -> String {
        func refusal(_ message: String) -> SpecError {
            SpecError(.malformed, message, file: fileName, line: line, column: column)
        }
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "{" {
                guard let close = rest.firstIndex(of: "}") else {
                    throw refusal("'${' has no '}' after it; write ${NAME}, or $$ for a dollar sign")
                }
                let inner = rest[rest.index(after: rest.startIndex)..<close]
                result += try replacement(for: inner, line: line, column: column)
                rest = rest[rest.index(after: close)...]
            } else {
                throw refusal("a single '$' stands here; write ${NAME} for a variable, or $$ for a dollar sign")
            }
            guard result.utf8.count <= Self.maximumLength else {
                throw refusal("the value is longer than 64 KiB once its variables are filled in; shorten them")
            }
        }
        result += rest
        bytesLeft -= result.utf8.count
        guard bytesLeft >= 0 else {
            throw refusal("the values of this spec are longer than 16 MiB once variables are filled in; shorten them")
        }
        return result
    }

    private mutating func replacement(
        for inner: Substring, line: Int, column: Int
    ) throws(SpecError) -> String {
        let nameEnd = inner.firstIndex { !$0.isVariableLetter } ?? inner.endIndex
        let name = String(inner[..<nameEnd])
        let rest = inner[nameEnd...]
        guard Self.isName(name), rest.isEmpty || rest.hasPrefix(":-"), !rest.contains("$") else {
            throw SpecError(
                .malformed,
                "'${…}' holds something else than NAME or NAME:-default; names are letters, digits and _,"
                    + " and a default is plain text",
                file: fileName, line: line, column: column)
        }
        used.insert(name)
        guard !rest.isEmpty else { return try value(of: name, line: line, column: column) }
        guard isDefined(name) else { return String(rest.dropFirst(2)) }
        let value = try value(of: name, line: line, column: column)
        return value.isEmpty ? String(rest.dropFirst(2)) : value
    }

    private func isDefined(_ name: String) -> Bool {
        overrides[name] != nil || environment[name] != nil || variables[name] != nil
    }

    private mutating func value(of name: String, line: Int, column: Int) throws(SpecError) -> String {
        if let value = overrides[name] ?? environment[name] ?? resolved[name] {
            if Self.namesSecret(name) { hide(value) }
            return value
        }
        guard let variable = variables[name] else {
            throw SpecError(
                .undefinedVariable,
                "nothing defines ${\(name)}; declare it under 'variables', set it in the environment or with"
                    + " --set \(name)=VALUE, or write ${\(name):-default}",
                file: fileName, line: line, column: column)
        }
        if let start = resolving.firstIndex(of: name) {
            let circle = (resolving[start...] + [name]).joined(separator: " → ")
            throw SpecError(
                .undefinedVariable, "variables refer to each other in a circle: \(circle); give one of them plain text",
                file: fileName, line: variable.line, column: variable.column)
        }
        guard resolving.count < Self.maximumDepth else {
            throw SpecError(
                .undefinedVariable,
                "variables refer to variables more than \(Self.maximumDepth) deep; write their text directly",
                file: fileName, line: variable.line, column: variable.column)
        }
        resolving.append(name)
        let value = try expand(variable.text, line: variable.line, column: variable.column)
        resolving.removeLast()
        resolved[name] = value
        if Self.namesSecret(name) { hide(value) }
        return value
    }

    /// Whether a variable can have this name: letters, digits and `_`, not starting with a digit.
    static func isName(_ name: String) -> Bool {
        guard let first = name.first, !first.isASCIIDigit, name.utf8.count <= 128 else { return false }
        return name.allSatisfy(\.isVariableLetter)
    }

    private static func namesSecret(_ name: String) -> Bool {
        let name = name.uppercased()
        return ["PASSWORD", "PASSWD", "SECRET", "TOKEN"].contains { name.contains($0) }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isWholeNumber }
    fileprivate var isVariableLetter: Bool { isASCII && (isLetter || isWholeNumber || self == "_") }
}
