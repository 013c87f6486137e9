import DurableFiles

extension FirstBootConfiguration {
    /// Reads the file at a path, or the default one, which may be absent.
    ///
    /// - Throws: `LoadError` with code `configuration`, or `notFound` where a file that was named is not there.
    public static func read(
        path: String?, environment: [String: String]
    ) throws(LoadError) -> FirstBootConfiguration {
        let file = path ?? defaultPath
        var bytes: [UInt8] = []
        do throws(FileError) {
            let (folder, name) = split(file)
            bytes = try Directory(opening: folder).readFile(name, limit: LineFile.maximumSize)
        } catch {
            guard path == nil && error.code == .notFound else {
                throw LoadError(
                    error.code == .notFound ? .notFound : .configuration,
                    "reading the configuration: \(error.message); check --config", cause: error)
            }
        }
        return try FirstBootConfiguration(parsing: bytes, path: file, environment: environment)
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
