import Yams

/// The tree of one YAML document, every node with its place; no other file knows the YAML library.
///
/// Scalars keep their text: nothing becomes a float, a date or a boolean on the way. Anchors, aliases, tags other than
/// the plain ones and keys that are not text are refused.
struct YAMLDocument {
    /// The mapping, list or scalar that the document is.
    let root: YAMLNode

    init(_ source: SourceText) throws(SpecError) {
        do {
            // The parser owns the anchors that nodes refer to weakly, so it lives until the tree is converted.
            let parser = try Parser(yaml: source.text, resolver: .basic, encoding: .utf8)
            root = try withExtendedLifetime(parser) {
                guard let node = try parser.singleRoot() else {
                    throw SpecError(
                        .malformed, "the spec is empty; it needs at least product, version and images",
                        file: source.fileName, line: 1, column: 1)
                }
                return try YAMLNode(node, fileName: source.fileName)
            }
        } catch let error as SpecError {
            throw error
        } catch let error as YamlError {
            throw Self.translated(error, source)
        } catch {
            throw SpecError(
                .malformed, "the text is not YAML; check its syntax", file: source.fileName, line: 1, column: 1)
        }
    }

    /// Never shows the library's own text, which quotes the line, with whatever secret stands in it.
    private static func translated(_ error: YamlError, _ source: SourceText) -> SpecError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false)
            let line = mark.line <= lines.count ? lines[max(0, mark.line - 1)] : ""
            return SpecError(
                .malformed, explanation(context: context?.text, problem: problem, line: line),
                file: source.fileName, line: mark.line, column: mark.column)
        case .reader(let problem, let offset, _, _):
            return SpecError(
                .malformed, "the text cannot be read as YAML: \(problem) at offset \(offset ?? 0)",
                file: source.fileName, line: 1, column: 1)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let key = duplicates.first ?? ""
            let first = context.mark
            let second = DuplicateKeyLocator(text: source.text)
                .second(of: key, firstLine: first.line, firstColumn: first.column)
            return SpecError(
                .duplicate,
                "the key \(Wording.shown(key)) stands here and in line \(first.line); keep one of the two",
                file: source.fileName, line: second?.line ?? first.line, column: second?.column ?? first.column)
        default:
            return SpecError(
                .malformed, "the text is not YAML; check its syntax", file: source.fileName, line: 1, column: 1)
        }
    }

    private static func explanation(context: String?, problem: String, line: Substring) -> String {
        if problem.contains("another document") {
            return "a second document starts here; a spec is one document, remove the '---' before the rest"
        }
        if problem.contains("undefined alias") {
            return "an alias stands here; specs have no aliases, use ${NAME} and variables, or quote the value"
        }
        let syntax = [context, problem].compactMap { $0 }.joined(separator: ", ")
        if line.contains("${") {
            return "not YAML: \(syntax); a value with ${NAME} needs quotes inside [ ] and { }"
        }
        if line.contains("\t") {
            return "not YAML: \(syntax); indent with spaces, not with tabs"
        }
        return "not YAML: \(syntax); check indentation, quotes and brackets"
    }
}

/// What stands somewhere in a spec.
protocol Placed {
    /// The line, from 1.
    var line: Int { get }
    /// The column in Unicode scalars, from 1.
    var column: Int { get }
}

/// One node of a document, with its place and its text as written.
struct YAMLNode: Placed {
    enum Content {
        case scalar(String, isPlain: Bool)
        case list([YAMLNode])
        case mapping([(key: YAMLKey, value: YAMLNode)])
    }

    let content: Content
    let line: Int
    let column: Int

    fileprivate init(_ node: Node, fileName: String) throws(SpecError) {
        let line = node.mark?.line ?? 1
        let column = node.mark?.column ?? 1
        self.line = line
        self.column = column
        func refusal(_ message: String) -> SpecError {
            SpecError(.malformed, message, file: fileName, line: line, column: column)
        }
        guard node.anchor == nil else {
            throw refusal("an anchor stands here; specs have no anchors and aliases, use ${NAME} and variables")
        }
        guard Self.plainTags.contains(node.tag.description) else {
            throw refusal("a YAML tag such as !!int stands here; remove it, specs know each value's type")
        }
        switch node {
        case .scalar(let scalar):
            content = .scalar(scalar.string, isPlain: scalar.style == .plain)
        case .sequence(let sequence):
            var elements: [YAMLNode] = []
            for element in sequence { elements.append(try YAMLNode(element, fileName: fileName)) }
            content = .list(elements)
        case .mapping(let mapping):
            var members: [(key: YAMLKey, value: YAMLNode)] = []
            for (key, value) in mapping {
                let node = try YAMLNode(key, fileName: fileName)
                guard case .scalar(let text, _) = node.content else {
                    throw SpecError(
                        .malformed, "a key must be one word; write 'key: value'", file: fileName, line: node.line,
                        column: node.column)
                }
                members.append(
                    (
                        YAMLKey(text: text, line: node.line, column: node.column),
                        try YAMLNode(value, fileName: fileName)
                    ))
            }
            content = .mapping(members)
        case .alias:
            throw refusal("an alias stands here; specs have no aliases, use ${NAME} and variables")
        }
    }

    private static let plainTags: Set<String> = [
        "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map",
    ]
}

/// A mapping's key with its place.
struct YAMLKey: Placed {
    let text: String
    let line: Int
    let column: Int
}
