import StrictJSON

/// What this program wrote into texts that others write too, between two lines that say so.
enum OwnedText {
    private static let begin = "# bundle mirror-config: begin"
    private static let end = "# bundle mirror-config: end"
    /// How files start that are ours alone.
    static let heading = "# Written by 'bundle mirror-config'; the next run replaces it."

    /// Lines between the marks, each indented.
    static func block(_ lines: [String], indentation: Int = 0) -> [String] {
        let space = String(repeating: " ", count: indentation)
        return ([begin] + lines + [end]).map { space + $0 }
    }

    /// The lines without our blocks.
    ///
    /// - Throws: `DeliveryError` with code `foreign` when a mark lacks the other one.
    static func removed(
        from lines: [String], _ name: String, in tree: ConfigurationTree
    ) throws(DeliveryError) -> (lines: [String], hadBlock: Bool) {
        var kept: [String] = []
        var start: Int?
        var hadBlock = false
        for (position, line) in lines.enumerated() {
            let mark = line.drop { $0 == " " || $0 == "\t" }
            if mark.hasPrefix(begin) || mark.hasPrefix(end) {
                guard mark.hasPrefix(begin) == (start == nil) else {
                    throw tree.foreign(
                        name, "line \(position + 1) is a mark of 'bundle mirror-config' without the other one")
                }
                hadBlock = true
                start = start == nil ? position : nil
            } else if start == nil {
                kept.append(line)
            }
        }
        if let start {
            throw tree.foreign(name, "line \(start + 1) is a mark of 'bundle mirror-config' without the other one")
        }
        return (kept, hadBlock)
    }

    /// The lines with others before the one at a position, which is at the end where it is nil.
    static func inserting(_ block: [String], into lines: [String], at position: Int? = nil) -> [String] {
        if let position { return Array(lines[..<position]) + block + Array(lines[position...]) }
        return (lines.last == "" ? lines.dropLast() : lines) + block + [""]
    }

    /// The bytes of lines; nil when there is nothing in them.
    static func bytes(_ lines: [String]) -> [UInt8]? {
        lines.allSatisfy { $0.allSatisfy(\.isWhitespace) } ? nil : Array(lines.joined(separator: "\n").utf8)
    }

    /// A text in quotes and with escapes that JSON, YAML and TOML read in the same way.
    static func quoted(_ text: String) -> String {
        String(decoding: JSONWriter.canonical(.string(text)).dropLast(), as: UTF8.self)
    }
}
