/// Paths as text.
enum PathText {
    /// The folder and the last name of a path, which does not end with a slash.
    static func split(_ path: some StringProtocol) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", String(path)) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }
}
