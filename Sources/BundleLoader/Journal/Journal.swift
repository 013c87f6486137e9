import BundleFormat
import DurableFiles
import Engines
import OCI
import StrictJSON

/// What was going to be loaded into one engine, and what is known to be durable there.
///
/// One small file for each image ID, replaced durably as a whole. Spec: docs/loading.md section 6.
struct Journal {
    private let directory: Directory

    /// The journal of one engine.
    ///
    /// - Parameters:
    ///   - state: The state directory.
    ///   - target: What the engine is called there.
    /// - Throws: `LoadError`.
    init(in state: Directory, target: String) throws(LoadError) {
        do throws(FileError) {
            directory = try state.makeSubdirectory(Self.folder + "/" + target, mode: 0o700)
        } catch {
            throw LoadError(error)
        }
    }

    private init(directory: Directory) { self.directory = directory }

    /// The journal of one engine; nil where nothing was ever loaded into it.
    init?(existing state: Directory, target: String) throws(LoadError) {
        do throws(FileError) {
            guard try state.exists(Self.folder + "/" + target) else { return nil }
            directory = try state.subdirectory(Self.folder + "/" + target)
        } catch {
            throw LoadError(error)
        }
    }

    /// All entries, by image ID.
    ///
    /// - Throws: `LoadError` with code `damaged` when a file is none that this journal writes.
    func entries() throws(LoadError) -> [JournalEntry] {
        do throws(FileError) {
            var entries: [JournalEntry] = []
            for file in try directory.entries(limit: Self.maximumCount) where !file.isTemporary {
                // Where this process only looks, another one may have removed it meanwhile.
                if let entry = try read(file.path) { entries.append(entry) }
            }
            return entries
        } catch {
            throw Self.unreadable(error)
        }
    }

    private static func unreadable(_ error: FileError) -> LoadError {
        LoadError(
            error.code == .notRegular ? .damaged : LoadError(error).code,
            "reading the journal: \(error.message); remove what does not belong there", cause: error)
    }

    /// The open loads of all engines, for people.
    static func openIntents(in state: Directory) throws(LoadError) -> [LoadIntent] {
        var journals: [Journal] = []
        do throws(FileError) {
            guard try state.exists(folder) else { return [] }
            let directory = try state.subdirectory(folder)
            for entry in try directory.entries() where entry.kind == .directory {
                journals.append(Journal(directory: try directory.subdirectory(entry.path)))
            }
        } catch {
            throw LoadError(error)
        }
        var intents: [LoadIntent] = []
        for journal in journals { intents += try journal.openIntents() }
        return intents
    }

    /// The loads that were begun and not known to be durable.
    func openIntents() throws(LoadError) -> [LoadIntent] {
        try entries().filter { $0.stage == .intent }.map(\.load)
    }

    /// Writes an entry, which keeps the names and owners of the one before; returns when it is durable.
    func write(_ entry: JournalEntry) throws(LoadError) {
        let bytes = entry.merged(with: try self.entry(entry.load.imageID)).bytes
        do throws(FileError) { try directory.writeFile(Self.name(entry.load.imageID), bytes, mode: 0o600) } catch {
            throw LoadError(error)
        }
    }

    /// Adds an owner to the entry of an image that was loaded, where there is one.
    func share(_ imageID: Digest, with owner: String) throws(LoadError) {
        guard let entry = try entry(imageID), entry.stage == .done, !entry.owners.contains(owner) else { return }
        try write(
            JournalEntry(
                stage: .done, load: entry.load, statement: entry.statement, names: [], owners: [owner]))
    }

    private func entry(_ imageID: Digest) throws(LoadError) -> JournalEntry? {
        do throws(FileError) { return try read(Self.name(imageID)) } catch { throw Self.unreadable(error) }
    }

    /// The entry in a file; nil when there is no such file.
    private func read(_ name: String) throws(FileError) -> JournalEntry? {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try directory.readFile(name, limit: 1 << 20) } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
        return try Self.entry(bytes, path: name)
    }

    /// Removes the entry of an image; returns when that is durable.
    func remove(_ imageID: Digest) throws(LoadError) {
        do throws(FileError) {
            guard try directory.exists(Self.name(imageID)) else { return }
            try directory.remove(Self.name(imageID))
            try directory.sync()
        } catch {
            throw LoadError(error)
        }
    }

    static let folder = "journal"
    private static let maximumCount = 100_000

    private static func name(_ imageID: Digest) -> String { imageID.hex + ".json" }

    private static func entry(_ bytes: [UInt8], path: String) throws(FileError) -> JournalEntry {
        do throws(JSONError) {
            let entry = try JournalEntry(parsing: bytes)
            guard path == name(entry.load.imageID) else {
                throw JSONError(.mismatch, "it is of image \(entry.load.imageID), which has another file")
            }
            return entry
        } catch {
            throw FileError(.notRegular, "'\(path)' is no entry of a journal: \(error.message)")
        }
    }
}
