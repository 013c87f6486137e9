extension String {
    /// What a daemon said, fit for one line of a message: printable ASCII, and not too long.
    init(daemon text: String) {
        let limit = 1000
        var line = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            line.unicodeScalars.append(0x20..<0x7F ~= scalar.value ? scalar : scalar == "\n" ? " " : "?")
        }
        while line.hasSuffix(" ") { line.removeLast() }
        self = text.unicodeScalars.count > limit ? line + "…" : line
    }
}
