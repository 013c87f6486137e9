import DurableFiles
import OCI

/// Where the files of an archive lie until their digests are known; one build has it at a time.
struct ArchiveSpool: Sendable {
    /// Keeps them afterwards.
    let cache: BuildCache
    private let directory: Directory

    /// What is committed, but has no digest for its name yet; the next one replaces what a crash left.
    private static let fileName = "blob"

    /// Waits until no other build has it, and removes what a killed one left.
    ///
    /// - Throws: `FileError`, or `CancellationError`.
    init(of cache: BuildCache) async throws {
        self.cache = cache
        directory = try await cache.lock("archives") {}
        try directory.removeTemporaryFiles()
    }

    /// A file for bytes of unknown digest.
    func makeFile() throws(FileError) -> TemporaryFile { try directory.makeTemporaryFile() }

    /// Keeps a file whose digest was computed, unless the cache has it.
    func keep(_ file: consuming TemporaryFile, _ digest: Digest) throws(FileError) {
        guard cache.blob(digest, size: file.written) == nil else { return }
        try file.commit(as: Self.fileName)
        try cache.directory.rename("archives/" + Self.fileName, to: "blobs/" + digest.hex)
    }
}
