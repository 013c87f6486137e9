public import BundleFormat
import DurableFiles
public import OCI

/// The directory of a distribution registry, filled without the registry's help and beside it.
///
/// Everything becomes durable as it is written, in an order that lets the registry see only what is whole; calling again
/// after a crash continues. Spec: docs/loading.md section 5.2.
public struct RegistryDirectory: Engine {
    let storage: RegistryStorage
    private let jobs: Int

    /// How many blobs are made at a time at most, whatever `jobs` is: each takes about 30 MiB.
    static let maximumJobs = 2

    /// Opens the root directory of a registry's storage, which must be there.
    ///
    /// - Parameters:
    ///   - path: As `storage.filesystem.rootdirectory` of the registry's configuration; may be a link.
    ///   - jobs: How many cores make blobs; at least 1.
    /// - Throws: `EngineError` with code `unreachable` when it is not there, `refused` when it belongs to somebody else.
    public init(path: String, jobs: Int) throws(EngineError) {
        do throws(FileError) { storage = try RegistryStorage(path: path) } catch {
            guard error.code == .notFound || error.code == .notRegular else { throw EngineError(error) }
            throw EngineError(
                .unreachable,
                "opening the registry's directory: \(error.message); TARGET_PATH must be the existing directory that "
                    + "the registry's configuration names as rootdirectory", cause: error)
        }
        guard storage.owner.isReachable else {
            throw EngineError(
                .refused,
                "opening the registry's directory: \(path) belongs to user \(storage.owner.userID), to whom this process "
                    + "cannot leave files; run it as root or as that user")
        }
        self.jobs = max(1, min(jobs, Self.maximumJobs))
    }

    /// Keeps the loaders of other state directories out, as long as this lives.
    ///
    /// - Throws: `EngineError` with a `FileError` with code `busy` as its cause. A file system that has no locks, or none for
    ///   who only reads, as NFS, is none.
    public func lock() throws(EngineError) {
        do throws(FileError) { try storage.root.lock() } catch {
            guard error.code != .busy else { throw EngineError(error) }
        }
    }

    /// As `registry directory /var/lib/registry`.
    public var description: String { "registry directory \(storage.root.path)" }

    /// Always `registry-dir`.
    public var kind: String { "registry-dir" }

    /// Always nil: every platform is delivered.
    public var platform: Platform? { nil }

    /// Nothing: what an interrupted load left is whole, or has no name yet.
    public func heal(
        _ intents: [LoadIntent], waiting wait: Duration, whileWaiting: () -> Void
    ) async throws -> [Digest] { [] }

    /// Finds out what is missing; one batch for all images of a priority.
    ///
    /// - Throws: `EngineError` with code `nameTaken`, or `files` when something in the storage is not what it should be.
    public func plan(_ images: [TargetImage], reader: LayerReader) async throws -> LoadPlan {
        try RegistryPlanner.refuseCollisions(images)
        return try translated {
            var planner = RegistryPlanner(storage)
            let steps = try images.map { try planner.step($0) }
            return LoadPlan(byPriority: steps, room: planner.room)
        }
    }

    /// Whether the volume of the directory has room.
    ///
    /// - Throws: `EngineError` with code `noSpace`.
    public func checkRoom(for plan: LoadPlan) async throws {
        let free = try translated { try storage.root.freeSpace() }
        guard plan.room.bytes > free.bytes || plan.room.inodes > free.inodes else { return }
        throw EngineError(
            .noSpace,
            "checking the room of \(storage.root.path): the load needs \(plan.room.bytes) bytes and \(plan.room.inodes) "
                + "inodes, its volume has \(free.bytes) bytes and \(free.inodes) inodes free; make room there")
    }

    /// Writes the blobs of a batch in parallel, then the links of its images, tags last.
    ///
    /// - Throws: `EngineError`, `BundleError` when a layer does not come out as it should, or `CancellationError`.
    public func load(
        _ batch: [LoadStep], reader: LayerReader, progress: @escaping @Sendable (Int64) -> Void,
        begins: ([LoadStep]) throws -> Void, taken: ([LoadStep]) throws -> Void
    ) async throws {
        try begins(batch)
        do {
            try await BlobWriter(storage: storage, reader: reader, jobs: jobs, progress: progress)
                .write(batch.flatMap(\.missing))
            // Whoever finds an image by its tag finds at once what points to it.
            let referrers = batch.filter { !$0.isPresent && $0.image.subject != nil }
            for step in referrers { try link(step, progress) }
            try list(referrers)
            for step in batch where !step.isPresent && step.image.subject == nil { try link(step, progress) }
        } catch let error as FileError {
            throw explained(error)
        }
        try taken(batch)
    }

    private func link(_ step: LoadStep, _ progress: (Int64) -> Void) throws {
        try Task.checkCancellation()
        let content = RegistryContent(step.image)
        for document in content.documents where try storage.write(document) { progress(document.descriptor.size) }
        for link in content.layerLinks + content.revisionLinks { try storage.write(link) }
        let root = step.imageID
        for name in step.names where name.action == .set {
            guard let tag = name.reference.tag else { continue }
            try storage.write(.history(root, tag: tag, in: name.reference.repository))
            try storage.write(.tag(tag, in: name.reference.repository, root))
        }
    }

    /// Writes the lists by which referrers are found, each once, the tag last.
    private func list(_ referrers: [LoadStep]) throws {
        var lists: [StoredList: [TargetImage.Document]] = [:]
        for step in referrers {
            for list in RegistryContent(step.image).lists { lists[list, default: []].append(step.image.root) }
        }
        for (list, documents) in lists {
            guard let document = try list.adding(documents, in: storage) else { continue }
            _ = try storage.write(document)
            for link in list.links(to: document.descriptor.digest) { try storage.write(link) }
        }
    }

    /// Nothing: every file was made durable before it got its name.
    public func sync() throws {}

    /// Looks whether blobs, links and tags of an image are there.
    ///
    /// - Throws: `EngineError` with code `refused` when one is not, or is another.
    public func confirm(_ step: LoadStep) throws {
        try translated {
            let content = RegistryContent(step.image)
            for blob in content.blobs where try !storage.hasBlob(blob.digest, size: blob.size) {
                throw missing("blob \(blob.digest) with \(blob.size) bytes", of: step)
            }
            var links = content.layerLinks + content.revisionLinks
            for name in step.names where name.action == .set || name.action == .present {
                guard let tag = name.reference.tag else { continue }
                links.append(.tag(tag, in: name.reference.repository, step.imageID))
            }
            for list in content.lists where try !(list.index(in: storage)?.lists(step.imageID) ?? false) {
                throw missing("tag \(list.tag) in \(list.repository) that lists it", of: step)
            }
            for link in links where try !storage.has(link) {
                throw missing("\(link.folder)/\(StorageLink.fileName) with \(link.digest)", of: step)
            }
        }
    }

    private func missing(_ what: String, of step: LoadStep) -> EngineError {
        EngineError(
            .refused,
            "confirming \(step.image.image.reference): \(storage.root.path) has no \(what), though it was there or written; "
                + "see who else changes the directory, and load again")
    }

    private func translated<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as FileError { throw explained(error) }
    }

    /// What the file system said, with what to do where something stands in the way.
    private func explained(_ error: FileError) -> EngineError {
        guard error.code == .notRegular else { return EngineError(error) }
        return EngineError(
            .files,
            "working in the registry's directory: \(error.message); beneath TARGET_PATH there must be neither links nor "
                + "mounts, so let TARGET_PATH itself lead to the volume", cause: error)
    }
}
