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

    /// All entries, by image ID.
    ///
    /// - Throws: `LoadError` with code `damaged` when a file is none that this journal writes.
    func entries() throws(LoadError) -> [JournalEntry] {
        do throws(FileError) {
            var entries: [JournalEntry] = []
            for file in try directory.entries(limit: Self.maximumCount)
            where !file.path.hasPrefix(Directory.temporaryPrefix) {
                entries.append(try Self.entry(try directory.readFile(file.path, limit: 1 << 20), path: file.path))
            }
            return entries
        } catch {
            throw LoadError(
                error.code == .notRegular ? .damaged : LoadError(error).code,
                "reading the journal: \(error.message); remove what does not belong there", cause: error)
        }
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

    /// Writes an entry; returns when it is durable.
    func write(_ stage: JournalEntry.Stage, _ load: LoadIntent, statement: Digest) throws(LoadError) {
        let entry = JournalEntry(stage: stage, load: load, statement: statement)
        do throws(FileError) { try directory.writeFile(Self.name(load.imageID), entry.bytes, mode: 0o600) } catch {
            throw LoadError(error)
        }
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

    private static let folder = "journal"
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
