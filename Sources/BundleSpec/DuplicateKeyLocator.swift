/// Finds where a key stands for the second time; the YAML library tells only of the first.
struct DuplicateKeyLocator {
    let text: String

    /// The place after the first one where the same mapping has the key again; nil when it cannot be told.
    ///
    /// In block style the second key starts in the same column, after spaces only. In flow style it is the next
    /// occurrence that stands as a key.
    func second(of key: String, firstLine: Int, firstColumn: Int) -> (line: Int, column: Int)? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        guard firstLine <= lines.count else { return nil }
        let spellings = [key, "\"\(key)\"", "'\(key)'"].map { Array($0.unicodeScalars) }
        for (offset, line) in lines[firstLine...].enumerated() {
            guard line.prefix(firstColumn - 1).allSatisfy({ $0 == " " }) else { continue }
            if stands(spellings, in: line, at: firstColumn - 1) { return (firstLine + offset + 1, firstColumn) }
        }
        for (offset, line) in lines[(firstLine - 1)...].enumerated() {
            for column in line.indices where offset > 0 || column > firstColumn - 1 {
                guard column == 0 || [" ", "{", ","].contains(line[column - 1]) else { continue }
                if stands(spellings, in: line, at: column) { return (firstLine + offset, column + 1) }
            }
        }
        return nil
    }

    private func stands(_ spellings: [[Unicode.Scalar]], in line: [Unicode.Scalar], at column: Int) -> Bool {
        guard column <= line.count else { return false }
        return spellings.contains { spelling in
            guard line[column...].starts(with: spelling) else { return false }
            return line[(column + spelling.count)...].first { $0 != " " } == ":"
        }
    }
}
