import DurableFiles

/// Where the markers of each target lie, so that a prune finds them.
///
/// Spec: docs/loading.md section 6.
extension ReadyMarkers {
    static let folder = "markers"
    private static let maximumSize = 4096

    /// Opens the directory, and writes down that the markers of a target lie there.
    ///
    /// - Throws: `LoadError` with code `files`.
    init(making path: String, of target: String, in state: Directory) throws(LoadError) {
        try self.init(making: path)
        // Most runs find it written.
        guard try Self.path(of: target, in: state) != path else { return }
        do throws(FileError) {
            try state.makeSubdirectory(Self.folder, mode: 0o700).writeFile(target, Array(path.utf8), mode: 0o600)
        } catch {
            throw LoadError(error)
        }
    }

    /// The markers of a target; nil where it has none, as after a boot.
    ///
    /// - Throws: `LoadError` with code `files`.
    init?(of target: String, in state: Directory) throws(LoadError) {
        guard let path = try Self.path(of: target, in: state) else { return nil }
        try self.init(existing: path)
    }

    private static func path(of target: String, in state: Directory) throws(LoadError) -> String? {
        do throws(FileError) {
            guard try state.exists(folder + "/" + target) else { return nil }
            return String(decoding: try state.readFile(folder + "/" + target, limit: maximumSize), as: UTF8.self)
        } catch {
            throw LoadError(error)
        }
    }
}
