import BundleFormat
import DurableFiles
import Engines
import OCI
import StrictJSON

/// What was going to be loaded into one engine, and what is known to be durable there.
///
/// One small file for each image ID, replaced durably as a whole. Spec: docs/loading.md section 6.
struct Journal {
    /// How far the load of an image came.
    enum Stage: String {
        /// It may have begun; nothing that it was to write can be believed.
        case intent
        /// It is durable and confirmed.
        case done
    }

    /// One image's line.
    struct Entry {
        let stage: Stage
        let load: LoadIntent
        /// The digest of the statement of the bundle that it came from.
        let statement: Digest
    }

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
    func entries() throws(LoadError) -> [Entry] {
        do throws(FileError) {
            var entries: [Entry] = []
            for file in try directory.entries(limit: Self.maximumCount)
            where !file.path.hasPrefix(Directory.temporaryPrefix) {
                entries.append(try Self.parse(try directory.readFile(file.path, limit: 1 << 20), path: file.path))
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
    func write(_ stage: Stage, _ load: LoadIntent, statement: Digest) throws(LoadError) {
        let json = JSONValue.object([
            "diffIDs": .strings(load.diffIDs.map(\.description)), "imageID": .string(load.imageID.description),
            "present": .integer(Int64(load.presentCount)), "reference": .string(load.reference),
            "stage": .string(stage.rawValue), "statement": .string(statement.description),
        ])
        do throws(FileError) {
            try directory.writeFile(Self.name(load.imageID), JSONWriter.canonical(json) + [0x0A], mode: 0o600)
        } catch {
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

    private static func parse(_ bytes: [UInt8], path: String) throws(FileError) -> Entry {
        do {
            let node = try JSONNode(parsing: bytes)
            try node.allowOnly(["diffIDs", "imageID", "present", "reference", "stage", "statement"])
            let diffIDs = try node.member("diffIDs").elements().map { DiffID(try Digest(parsing: $0.string())) }
            guard let stage = Stage(rawValue: try node.member("stage").string()) else {
                throw try node.member("stage").mismatch("intent or done")
            }
            let load = LoadIntent(
                reference: try node.member("reference").string(),
                imageID: try Digest(parsing: node.member("imageID").string()), diffIDs: diffIDs,
                presentCount: Int(try node.member("present").integer(in: 0...Int64(diffIDs.count))))
            guard path == name(load.imageID) else { throw try node.member("imageID").mismatch("that of its file") }
            return Entry(stage: stage, load: load, statement: try Digest(parsing: node.member("statement").string()))
        } catch {
            throw FileError(.notRegular, "'\(path)' is no entry of a journal: \(error)")
        }
    }
}
