/// Guesses what was meant by a word that nobody knows.
public enum Spelling {
    /// `did you mean 'GROUPS'?` for a near miss, or the list of what is known.
    public static func suggestion(for word: some StringProtocol, among known: [String]) -> String {
        let typed = word.lowercased()
        let nearest = known.map { (word: $0, distance: distance(typed, $0.lowercased())) }.min {
            $0.distance < $1.distance
        }
        if let nearest, nearest.distance <= 2, nearest.distance < nearest.word.utf8.count / 2 {
            return "did you mean '\(nearest.word)'?"
        }
        return "known here: \(known.joined(separator: ", "))"
    }

    /// How many bytes must be added, dropped or changed.
    static func distance(_ left: String, _ right: String) -> Int {
        let columns = Array(right.utf8.prefix(64))
        var row = Array(0...columns.count)
        for (index, byte) in left.utf8.prefix(64).enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in columns.indices {
                let best = min(row[column] + 1, row[column + 1] + 1, diagonal + (byte == columns[column] ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = best
            }
        }
        return row[columns.count]
    }
}
