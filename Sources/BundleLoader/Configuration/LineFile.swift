import BundleFormat

/// A small text file that people write: the lines that count, with their numbers.
struct LineFile {
    /// The most bytes of a file.
    static let maximumSize = 64 << 10
    /// The most bytes of a line.
    static let maximumLineSize = 4096

    /// The lines that are neither empty nor comments, without spaces at their ends.
    let lines: [Line]
    private let path: String

    struct Line {
        let number: Int
        let text: Substring
    }

    /// Splits the bytes of the file of this path.
    ///
    /// - Throws: `LoadError` with code `configuration` for what is not plain text within the limits.
    init(parsing bytes: [UInt8], path: String) throws(LoadError) {
        self.path = path
        guard bytes.count <= Self.maximumSize else {
            throw LoadError(
                .configuration,
                "reading \(path): it has \(bytes.count) bytes, more than the \(Self.maximumSize) allowed")
        }
        var lines: [Line] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let text = try Self.text(line, path: path, number: index + 1)
            guard let first = text.first, first != "#" else { continue }
            lines.append(Line(number: index + 1, text: text))
        }
        self.lines = lines
    }

    /// A complaint about a line.
    func refusal(_ line: Line, _ what: String) -> LoadError { Self.refusal(path, line.number, what) }

    private static func refusal(_ path: String, _ number: Int, _ what: String) -> LoadError {
        LoadError(.configuration, "reading \(path), line \(number): \(what)")
    }

    private static func text(_ line: ArraySlice<UInt8>, path: String, number: Int) throws(LoadError) -> Substring {
        guard line.count <= maximumLineSize else {
            throw refusal(
                path, number, "it has \(line.count) bytes, more than the \(maximumLineSize) allowed; shorten it")
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw refusal(path, number, "it is not UTF-8; save the file as plain text")
        }
        if let hidden = text.unicodeScalars.first(where: { !$0.isVisible }) {
            let advice = hidden == "\r" ? "save it with the line ends of Unix" : "remove it"
            throw refusal(path, number, "it has the invisible character U+\(hidden.hex); \(advice)")
        }
        return text.trimmingSpaces()
    }
}

extension Unicode.Scalar {
    /// The number, as `00AD`.
    var hex: String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}

extension StringProtocol where SubSequence == Substring {
    /// The text without spaces at its ends.
    func trimmingSpaces() -> Substring {
        var rest = self[...]
        while rest.hasPrefix(" ") { rest.removeFirst() }
        while rest.hasSuffix(" ") { rest.removeLast() }
        return rest
    }
}
