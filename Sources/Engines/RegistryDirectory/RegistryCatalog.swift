import DurableFiles
import OCI

/// What the repositories of a registry's storage hold, as their links say.
struct RegistryCatalog {
    /// The repositories, by path.
    var repositories: [String: Repository] = [:]
    /// What links point to that belong to no known kind.
    private(set) var others: Set<Digest> = []

    /// One repository.
    struct Repository {
        /// What each tag points to.
        var tags: [String: Digest] = [:]
        /// What each tag points to or once pointed to.
        var history: [String: Set<Digest>] = [:]
        /// Tags that point to nothing, as a removal leaves them that was cut off.
        var emptyTags: Set<String> = []
        /// Manifests and indexes that can be seen.
        var revisions: Set<Digest> = []
        /// Layers and configs that can be seen.
        var layers: Set<Digest> = []
        /// Whether somebody was writing into it.
        var hasUploads = false

        /// Whether nothing can be seen in it.
        var isEmpty: Bool { tags.isEmpty && emptyTags.isEmpty && revisions.isEmpty && layers.isEmpty && !hasUploads }
    }

    /// Larger storages are refused.
    private static let maximumCount = 8_000_000

    /// Reads all links.
    ///
    /// - Throws: `FileError`; `notRegular` for a link to elsewhere, a mount, or a link file that holds no digest.
    init(of storage: RegistryStorage) throws(FileError) {
        let folder = StorageLink.repositories
        guard try storage.root.exists(folder) else { return }
        let directory = try storage.root.subdirectory(folder)
        for entry in try directory.entries(limit: Self.maximumCount) {
            let parts = entry.path.split(separator: "/").map(String.init)
            guard let start = parts.firstIndex(where: { $0.hasPrefix("_") }) else {
                try Self.demandPlain(entry, in: directory)
                continue
            }
            let name = parts[..<start].joined(separator: "/")
            guard parts[start] != "_uploads" else {
                if parts.count > start + 1 { repositories[name, default: Repository()].hasUploads = true }
                continue
            }
            try Self.demandPlain(entry, in: directory)
            try add(entry, Array(parts[start...]), to: name, directory)
        }
        for (name, repository) in repositories {
            repositories[name]?.emptyTags.subtract(repository.tags.keys)
        }
    }

    private static func demandPlain(_ entry: DirectoryEntry, in directory: Directory) throws(FileError) {
        guard entry.kind == .file || entry.kind == .directory else {
            throw FileError(
                .notRegular, "'\(directory.path)/\(entry.path)' is neither a file nor a directory; remove it")
        }
    }

    private mutating func add(
        _ entry: DirectoryEntry, _ parts: [String], to name: String, _ directory: Directory
    ) throws(FileError) {
        var repository = repositories[name] ?? Repository()
        defer { repositories[name] = repository }
        if entry.kind == .directory {
            if parts.count == 3, parts.starts(with: ["_manifests", "tags"]) { repository.emptyTags.insert(parts[2]) }
            return
        }
        guard parts.last == StorageLink.fileName else { return }
        let target = try Self.target(entry.path, directory)
        switch parts.dropLast() {
        case ["_layers", "sha256", target.hex]: repository.layers.insert(target)
        case ["_manifests", "revisions", "sha256", target.hex]: repository.revisions.insert(target)
        case let parts where parts.count == 4 && parts.starts(with: ["_manifests", "tags"]) && parts[3] == "current":
            repository.tags[parts[2]] = target
        case let parts where parts.count == 6 && parts.starts(with: ["_manifests", "tags"]) && parts[3] == "index":
            repository.history[parts[2], default: []].insert(target)
        default: others.insert(target)
        }
    }

    private static func target(_ path: String, _ directory: Directory) throws(FileError) -> Digest {
        let bytes = try directory.readFile(path, limit: 4096)
        do throws(OCIError) { return try Digest(parsing: String(decoding: bytes, as: UTF8.self)) } catch {
            throw FileError(
                .notRegular,
                "'\(directory.path)/\(path)' is no link: \(error.message); no registry can read it, so remove it")
        }
    }
}
