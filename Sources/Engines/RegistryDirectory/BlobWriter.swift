import BundleFormat
import DurableFiles

/// Makes the blobs of layers, several at a time, and puts each into the storage when it is whole and durable.
struct BlobWriter: Sendable {
    let storage: RegistryStorage
    let reader: LayerReader
    /// How many cores work, at least 1.
    let jobs: Int
    /// Gets bytes written since the last call.
    let progress: @Sendable (Int64) -> Void

    /// Writes what is not there, the largest first: they take longest.
    ///
    /// - Throws: `FileError`, `BundleError` or `CancellationError`; what was begun leaves nothing.
    func write(_ layers: [BundleLayer]) async throws {
        let missing = try layers.filter { layer throws(FileError) in
            try !storage.hasBlob(layer.digest, size: layer.size)
        }
        .sorted { ($1.size, $0.digest) < ($0.size, $1.digest) }
        let total = missing.reduce(0) { $0 + Double($1.size) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (position, layer) in missing.enumerated() {
                if position >= jobs { try await group.next() }
                // A blob that is most of the work would be made by one core alone in the end.
                let share = Int((Double(layer.size) * Double(jobs) / max(1, total)).rounded())
                group.addTask { try await write(layer, jobs: max(1, share)) }
            }
            try await group.waitForAll()
        }
    }

    private func write(_ layer: BundleLayer, jobs: Int) async throws {
        let folder = try storage.folder(RegistryStorage.folder(of: layer.digest))
        let blob = Blob(try folder.makeTemporaryFile())
        try await unsafe reader.readBlob(layer, jobs: jobs) { bytes in
            try unsafe blob.append(bytes)
            progress(Int64(bytes.count))
        }
        try blob.commit(owner: storage.owner)
    }

    /// Holds what cannot be copied, as closures that are called while a task waits may not.
    private final class Blob {
        private var file: TemporaryFile?

        init(_ file: consuming TemporaryFile) { self.file = consume file }

        func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) { try unsafe file?.append(bytes) }

        func commit(owner: FileOwner) throws(FileError) {
            guard let file = file.take() else { return }
            try file.commit(as: RegistryStorage.blobName, owner: owner)
        }
    }
}
