import DurableFiles
import OCI

/// Carries out what was planned, in an order that leaves nothing that refers to what is not there.
struct RegistryPruner {
    let storage: RegistryStorage
    private var plan: RegistryPrunePlan

    init(_ plan: RegistryPrunePlan, in storage: RegistryStorage) {
        self.plan = plan
        self.storage = storage
    }

    /// Removes tags, links and blobs; durable when it returns.
    ///
    /// - Throws: `FileError` or `CancellationError`; calling again with a new plan continues.
    mutating func run() throws {
        try removeTags()
        // Indexes before the manifests that they list.
        try removeDocuments(listing: true)
        try removeDocuments(listing: false)
        for (repository, layers) in plan.layers {
            for digest in layers { try remove(StorageLink.layer(digest, in: repository).folder) }
        }
        try storage.root.syncFileSystem()
        try removeBlobs()
        try removeEmptyRepositories()
        try storage.root.syncFileSystem()
    }

    private func removeTags() throws {
        let current = try RegistryCatalog(of: storage).repositories
        for (name, documents) in plan.documents {
            for (tag, history) in current[name]?.history ?? [:] {
                for digest in history.intersection(documents) {
                    try remove(StorageLink.history(digest, tag: tag, in: name).folder)
                }
            }
        }
        for (name, tags) in plan.tags {
            for tag in tags {
                let folder = StorageLink.tagFolder(tag, in: name)
                // Cut off in between, a tag is one that works or one that points to nothing.
                for part in ["/index", "/current", ""] { try remove(folder + part) }
            }
        }
        try storage.root.syncFileSystem()
    }

    private func removeDocuments(listing: Bool) throws {
        var stored = StoredDocuments(of: storage)
        for (repository, documents) in plan.documents {
            for digest in documents where try stored.document(digest)?.children.isEmpty ?? true != listing {
                try remove(StorageLink.revision(digest, in: repository).folder)
            }
        }
        try storage.root.syncFileSystem()
    }

    /// Removes what nothing refers to any more: the documents last, and those that lead to others after them.
    private mutating func removeBlobs() throws {
        // Marked anew: what came meanwhile stays.
        let garbage = try plan.garbage(in: RegistryCatalog(of: storage))
        let documents = plan.candidates.documents.filter(garbage.contains)
        for digest in garbage.subtracting(documents) { try remove(RegistryStorage.folder(of: digest)) }
        try storage.root.syncFileSystem()
        for digest in documents.reversed() {
            try remove(RegistryStorage.folder(of: digest))
            try storage.root.syncFileSystem()
        }
    }

    private func removeEmptyRepositories() throws {
        let current = try RegistryCatalog(of: storage).repositories
        for name in plan.documents.keys {
            guard current[name]?.isEmpty ?? true else { continue }
            var folder = StorageLink.path(name)
            // Without the last of these the registry lists it no more.
            for part in ["_uploads", "_manifests", "_layers"] { try remove(folder + "/" + part) }
            // Also what a removal left that was cut off.
            while folder != StorageLink.repositories, try isEmpty(folder) {
                try remove(folder)
                folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
            }
        }
    }

    private func isEmpty(_ folder: String) throws -> Bool {
        do throws(FileError) { return try storage.root.subdirectory(folder).entries(limit: 0).isEmpty } catch {
            if error.code == .notFound { return true }
            guard error.code == .overLimit else { throw error }
            return false
        }
    }

    private func remove(_ path: String) throws {
        try Task.checkCancellation()
        do throws(FileError) { try storage.root.removeTree(path) } catch {
            guard error.code == .notFound else { throw error }
        }
    }
}

extension RegistryDirectory {
    /// Finds out which links and blobs would go; see `Engine`.
    public func planPruning(_ request: PruneRequest) async throws -> [PruneStep] {
        try pruning { try RegistryPrunePlan(request, in: storage).steps }
    }

    /// Removes tags, links and blobs, durably one after the other; see `Engine`.
    public func prune(_ request: PruneRequest) async throws -> [PruneStep] {
        try pruning {
            let plan = try RegistryPrunePlan(request, in: storage)
            var pruner = RegistryPruner(plan, in: storage)
            try pruner.run()
            return plan.steps
        }
    }

    private func pruning<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as FileError {
            // What stands in the way, or cannot be read, is the target's own doing.
            let code = error.code == .notRegular || error.code == .overLimit ? .refused : EngineError(error).code
            throw EngineError(code, "pruning the registry's directory: \(error.message)", cause: error)
        }
    }
}
