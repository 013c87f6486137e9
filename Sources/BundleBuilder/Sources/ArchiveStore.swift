import Archives
import BundleFormat
import DurableFiles
import Engines
import OCI

/// An archive of images that is read from start to end when something of it is needed, and then lies in the cache.
///
/// An actor, since its images are resolved side by side, and what one of them has read serves the others.
actor ArchiveStore {
    private let origin: Origin
    private let cache: BuildCache?
    private var known: ArchiveContents?

    /// Where the archive is.
    enum Origin: Sendable {
        /// A tar, plain or in gzip or zstd.
        case file(path: String)
        /// What a docker daemon makes of an image.
        case daemon(image: String, socket: String)
    }

    /// An archive that nobody has read yet.
    ///
    /// - Parameters:
    ///   - origin: Where it is.
    ///   - cache: Keeps its files by digest; nil to learn digests only.
    init(_ origin: Origin, cache: BuildCache?) {
        self.origin = origin
        self.cache = cache
    }

    /// For messages.
    nonisolated var name: String {
        switch origin {
        case .file(let path): "the archive \(path)"
        case .daemon(let image, let socket): "the image \(image) of the daemon at \(socket)"
        }
    }

    /// What it holds; blocks while it is read.
    ///
    /// - Throws: `BuildError`, or what reading and keeping it throws.
    func contents() async throws -> ArchiveContents {
        if let known { return known }
        let spool = try await spool()
        // Somebody else may have read it while the spool was waited for.
        return try known ?? read(spool)
    }

    /// Brings a blob into the cache, unless it is there; blocks while the archive is read.
    ///
    /// - Throws: `BuildError` with code `source` when the archive does not hold it.
    func bring(_ descriptor: Descriptor) async throws {
        func isThere() -> Bool { cache?.blob(descriptor.digest, size: descriptor.size) != nil }
        if isThere() { return }
        let spool = try await spool()
        if isThere() { return }
        let contents = try read(spool)
        guard contents.sums.contains(where: { $0.digest == descriptor.digest && $0.size == descriptor.size }) else {
            throw BuildError(
                .source,
                "\(name) lacks \(descriptor.digest) of \(descriptor.size) bytes; it is incomplete, make it again")
        }
    }

    private func spool() async throws -> ArchiveSpool? {
        guard let cache else { return nil }
        return try await ArchiveSpool(of: cache)
    }

    private func read(_ spool: ArchiveSpool?) throws -> ArchiveContents {
        var reader = try open()
        let contents = try ArchiveContents(&reader, name: name, spool: spool)
        known = contents
        return contents
    }

    private func open() throws -> ArchiveReader {
        switch origin {
        case .file(let path):
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            do {
                let folder = try Directory(opening: slash == path.startIndex ? "/" : String(path[..<slash]))
                let file = try folder.openFile(String(path[path.index(after: slash)...]))
                return try ArchiveReader(file)
            } catch let error as FileError {
                guard [.notFound, .notRegular].contains(error.code) else { throw error }
                throw BuildError(
                    .notFound, "opening \(name): \(error.message); check the path in the spec", cause: error)
            }
        case .daemon(let image, let socket):
            let export = try DockerExport(of: image, socket: socket)
            return try unsafe ArchiveReader(stream: name) { try unsafe export.read(into: $0) }
        }
    }
}
