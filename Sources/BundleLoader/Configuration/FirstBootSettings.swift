import BundleFormat

/// The keys of `firstboot.env`, with their texts and where each was said.
struct FirstBootSettings {
    enum Key: String, CaseIterable {
        case loadImage = "LOAD_IMAGE"
        case bundlePath = "BUNDLE_PATH"
        case target = "TARGET"
        case targetPath = "TARGET_PATH"
        case targetNamespace = "TARGET_NAMESPACE"
        case trustDirectory = "TRUST_DIR"
        case groups = "GROUPS"
        case stateDirectory = "STATE_DIR"
        case readyDirectory = "READY_DIR"
        case wait = "WAIT"
    }

    private struct Setting {
        let text: String
        /// As `/etc/bundle/firstboot.env, line 3` or `the environment`.
        let place: String
    }

    private var settings: [Key: Setting] = [:]
    private let path: String

    init(parsing bytes: [UInt8], path: String, environment: [String: String]) throws(LoadError) {
        self.path = path
        let file = try LineFile(parsing: bytes, path: path)
        var places: [Key: Int] = [:]
        for line in file.lines {
            let (key, text) = try Self.pair(line, of: file)
            if let first = places.updateValue(line.number, forKey: key) {
                throw file.refusal(line, "\(key.rawValue) stands in line \(first) already; keep one")
            }
            if !text.isEmpty { settings[key] = Setting(text: text, place: "\(path), line \(line.number)") }
        }
        for key in Key.allCases {
            guard let text = environment[key.rawValue], !text.isEmpty else { continue }
            settings[key] = Setting(text: text, place: "the environment")
        }
    }

    func choice(_ key: Key, _ words: [String]) throws(LoadError) -> String? {
        guard let setting = settings[key] else { return nil }
        guard words.contains(setting.text) else {
            throw refusal(key, setting, "write \(words.joined(separator: " or "))")
        }
        return setting.text
    }

    func path(_ key: Key) throws(LoadError) -> String? {
        guard let setting = settings[key] else { return nil }
        guard setting.text.isAbsolutePath else { throw refusal(key, setting, "write an absolute path without '..'") }
        return setting.text
    }

    func source() throws(LoadError) -> BundleSource? {
        guard let setting = settings[.bundlePath] else { return nil }
        guard let source = BundleSource(parsing: setting.text) else {
            throw refusal(
                .bundlePath, setting, "write an absolute path, LABEL=NAME or LABEL=NAME/folder, without '..'")
        }
        return source
    }

    /// What the images are for; nil when a path is missing that it needs.
    func target() throws(LoadError) -> LoadTarget? {
        let kind =
            try choice(.target, LoadTarget.Kind.allCases.map(\.rawValue)).flatMap(LoadTarget.Kind.init) ?? .docker
        let path = try path(.targetPath)
        let namespace = try namespace()
        if let setting = settings[.targetPath], kind == .auto {
            throw refusal(
                .targetPath, setting, "TARGET=auto finds the path by itself; name the TARGET or drop the path")
        }
        return LoadTarget(kind, path: path, namespace: namespace)
    }

    private func namespace() throws(LoadError) -> String? {
        guard let setting = settings[.targetNamespace] else { return nil }
        guard LoadTarget.isNamespace(setting.text) else {
            throw refusal(.targetNamespace, setting, "write a namespace as k8s.io: letters, digits, '.', '_' and '-'")
        }
        return setting.text
    }

    func groups() throws(LoadError) -> Set<String> {
        guard let setting = settings[.groups] else { return [] }
        let names = setting.text.split { $0 == "," || $0 == " " }.map(String.init)
        for name in names where !Self.isGroup(name) {
            throw refusal(
                .groups, setting,
                "a group is 1 to 64 of letters, digits, '.', '_' and '-', starting with a letter or digit")
        }
        return Set(names)
    }

    func wait() throws(LoadError) -> Duration {
        guard let setting = settings[.wait] else { return .seconds(120) }
        let isDecimal = setting.text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard isDecimal, let seconds = Int64(setting.text), 0...86400 ~= seconds else {
            throw refusal(.wait, setting, "write seconds, 0 to 86400")
        }
        return .seconds(seconds)
    }

    /// A complaint about a key that is needed and was not said anywhere.
    func missing(_ key: Key, _ what: String) -> LoadError {
        LoadError(.configuration, "reading \(path): \(key.rawValue) is missing; write \(what)")
    }

    private func refusal(_ key: Key, _ setting: Setting, _ advice: String) -> LoadError {
        let shown = String(String.UnicodeScalarView(setting.text.unicodeScalars.prefix(200).filter(\.isVisible)))
        return LoadError(.configuration, "reading \(setting.place): \(key.rawValue) is '\(shown)'; \(advice)")
    }

    private static func pair(_ line: LineFile.Line, of file: LineFile) throws(LoadError) -> (Key, String) {
        guard let equals = line.text.firstIndex(of: "=") else {
            throw file.refusal(line, "it is not KEY=value; start comments with '#'")
        }
        let name = line.text[..<equals]
        guard !name.contains(" ") else {
            throw file.refusal(line, "'\(name.prefix(64))' is no key; write KEY=value without spaces or 'export'")
        }
        guard let key = Key(rawValue: String(name)) else {
            let suggestion = Spelling.suggestion(for: name, among: Key.allCases.map(\.rawValue))
            throw file.refusal(line, "the key '\(name.prefix(64))' is not known; \(suggestion)")
        }
        let text = line.text[line.text.index(after: equals)...]
        guard let value = unquoted(text.trimmingSpaces()) else {
            throw file.refusal(
                line, "the value of \(name) has a quote or a comment in the wrong place; quote all of it or none")
        }
        return (key, value)
    }

    /// The value without its quotes; nil for what a shell and this reader would read differently.
    private static func unquoted(_ text: Substring) -> String? {
        for quote in ["\"", "'"] as [Character] where text.first == quote {
            let content = text.dropFirst().dropLast()
            guard text.count >= 2, text.last == quote, !content.contains(quote) else { return nil }
            return String(content)
        }
        let isPlain = !text.contains("\"") && !text.contains("'")
        return isPlain && text.split(separator: " ").allSatisfy { !$0.hasPrefix("#") } ? String(text) : nil
    }

    private static func isGroup(_ name: String) -> Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        }
        guard let first = name.utf8.first, isLetterOrDigit(first), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }
}
