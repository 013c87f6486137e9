public import DurableFiles

/// What a host keeps between boots; only one loader at a time works with it.
///
/// Spec: docs/loading.md section 6.
public struct StateDirectory: Sendable {
    /// The directory itself.
    public let directory: Directory

    /// Opens the state directory, and makes it where it is not there.
    ///
    /// - Throws: `LoadError` with code `files`, also when others may write there.
    public init(making path: String) throws(LoadError) {
        do throws(FileError) { try self.init(checking: Directory.make(path, mode: 0o700), path: path) } catch {
            throw LoadError(Self.code(error), "opening the state directory: \(error.message)", cause: error)
        }
    }

    /// Opens the state directory to read it; nil when it is not there.
    ///
    /// - Throws: `LoadError` with code `files`, also when others may write there.
    public init?(existing path: String) throws(LoadError) {
        do throws(FileError) { try self.init(checking: Directory(opening: path), path: path) } catch {
            guard error.code != .notFound else { return nil }
            throw LoadError(Self.code(error), "opening the state directory: \(error.message)", cause: error)
        }
    }

    /// Takes the lock, which is held until the directory's last owner is gone; blocks while another loader has it.
    ///
    /// - Parameters:
    ///   - wait: How long another loader is waited for.
    ///   - whileWaiting: Called several times a second.
    /// - Throws: `LoadError` with code `busy`.
    public func lock(waiting wait: Duration, whileWaiting: () -> Void = {}) throws(LoadError) {
        let deadline = Deadline(after: wait)
        while true {
            do throws(FileError) {
                try directory.lock()
                return try removeTemporaryFiles()
            } catch {
                guard error.code == .busy else { throw LoadError(error) }
                guard !deadline.hasPassed else {
                    throw LoadError(
                        .busy,
                        "waiting for another loader: it has worked in \(directory.path) for more than"
                            + " \(wait.components.seconds) seconds; run again when it is done, or raise WAIT",
                        cause: error)
                }
            }
            whileWaiting()
            deadline.pause()
        }
    }

    /// Removes what killed loaders left.
    ///
    /// A medium may still be mounted here, so only folders of our own are looked into.
    private func removeTemporaryFiles() throws(FileError) {
        try directory.removeTemporaryFiles()
        for folder in [DocumentStore.folder, FloorStore.folder, Journal.folder, ReadyMarkers.folder]
        where try directory.exists(folder) {
            for entry in try directory.subdirectory(folder).entries() where entry.isTemporary {
                try directory.removeTree(folder + "/" + entry.path)
            }
        }
    }

    private init(checking directory: Directory, path: String) throws(FileError) {
        if let fault = try directory.faultOfAccess { throw FileError(.permission, "cannot use '\(path)': \(fault)") }
        self.directory = directory
    }

    private static func code(_ error: FileError) -> LoadError.Code { LoadError(error).code }
}
