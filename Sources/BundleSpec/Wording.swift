/// How messages show what stands in a spec, and what they guess was meant.
enum Wording {
    /// A key in quotes, or a description of it where it might be a secret in the wrong place, as `password:text`.
    static func shown(_ key: String) -> String {
        var word = Substring(key)
        if let colon = word.lastIndex(of: ":"), word[..<colon].contains(".") || word[..<colon] == "localhost",
            word[colon...].dropFirst().utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        {
            // The host and port of a registry.
            word = word[..<colon]
        }
        let isPlain = word.utf8.allSatisfy { byte in
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte & 0xDF
                || "_-.<$/{}".utf8.contains(byte)
        }
        return isPlain && 1...64 ~= key.utf8.count ? "'\(key)'" : "of \(key.unicodeScalars.count) characters"
    }

    /// `did you mean 'platforms'?` for a near miss, or the list of what is known.
    static func suggestion(for word: String, among known: [String]) -> String {
        let typed = word.lowercased()
        let nearest = known.map { (word: $0, distance: distance(typed, $0.lowercased())) }.min {
            $0.distance < $1.distance
        }
        if let nearest, nearest.distance <= max(2, nearest.word.count / 3), nearest.distance < nearest.word.count {
            return "did you mean '\(nearest.word)'?"
        }
        return "known here: \(known.joined(separator: ", "))"
    }

    /// How many letters must be added, dropped, changed or swapped with their neighbour.
    static func distance(_ left: String, _ right: String) -> Int {
        let first = Array(left.utf8.prefix(64))
        let second = Array(right.utf8.prefix(64))
        var beforePrevious: [Int] = []
        var previous = Array(0...second.count)
        for (row, letter) in first.enumerated() {
            var current = [row + 1]
            for (column, other) in second.enumerated() {
                var best = min(previous[column + 1] + 1, current[column] + 1)
                best = min(best, previous[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == second[column - 1], first[row - 1] == other {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[second.count]
    }
}
