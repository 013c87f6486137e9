import BundleFormat
import Cryptography
public import DurableFiles
import OCI

/// What builds keep for the next one, by digest: verified blobs, what is known of layers, compressed frames, and layouts.
///
/// Blobs are compared with the digests of their names, all else with a SHA-256 at the end of its file: that finds rot, not
/// somebody who may write here. Whatever is missing or damaged is made again. May be deleted when no build runs.
public struct BuildCache: Sendable {
    /// The cache's directory.
    public let directory: Directory

    /// Opens the cache, or makes it.
    ///
    /// - Throws: `BuildError` with code `files` or `noSpace`.
    public init(path: String) throws(BuildError) {
        do throws(FileError) {
            directory = try Directory.make(path).makeSubdirectory("v1")
            try directory.join()
            for name in ["archives", "blobs", "partial", "layers", "frames", "layouts"] {
                _ = try directory.makeSubdirectory(name)
            }
        } catch {
            throw BuildError(error, doing: "opening the build cache")
        }
    }

    /// XDG_CACHE_HOME/bundle, else HOME/.cache/bundle.
    ///
    /// Spec: XDG Base Directory 0.8.
    public static func defaultPath(environment: [String: String]) -> String? {
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return cache + "/bundle" }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return home + "/.cache/bundle"
    }

    /// A directory of the cache that belongs to one build at a time, as long as the result is held.
    ///
    /// - Parameters:
    ///   - name: The directory.
    ///   - waiting: Is called once when another build has it.
    /// - Returns: The directory, locked.
    /// - Throws: `FileError`, or `CancellationError`.
    func lock(_ name: String, waiting: () -> Void) async throws -> Directory {
        let directory = try directory.subdirectory(name)
        var hasWaited = false
        while true {
            do throws(FileError) {
                try directory.lock()
                return directory
            } catch {
                guard error.code == .busy else { throw error }
            }
            if !hasWaited { waiting() }
            hasWaited = true
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// A blob of a known size, which was verified when it came; whoever reads it looks for rot.
    func blob(_ digest: Digest, size: Int64) -> ReadableFile? {
        guard let file = try? directory.openFile("blobs/\(digest.hex)"), file.size == size else { return nil }
        return file
    }

    /// How many bytes of a blob an interrupted build has left.
    func partialSize(_ digest: Digest) -> Int64 { (try? directory.size(of: "partial/\(digest.hex)")) ?? 0 }

    /// Removes a blob that turned out to be damaged or absent.
    ///
    /// - Throws: Always: `BuildError` with `CacheDamage` as its cause.
    func reject(blob digest: Digest) throws(BuildError) -> Never { try reject("blobs/\(digest.hex)") }

    /// Reads a blob whole, and removes it when it has rotted.
    ///
    /// - Throws: As `reject`.
    func check(blob digest: Digest, _ file: ReadableFile) throws {
        var hasher = SHA256Hasher()
        try unsafe file.forEachChunk { chunk in unsafe hasher.update(chunk) }
        guard hasher.finish() != digest else { return }
        try reject(blob: digest)
    }

    /// A small blob or document, compared with its digest.
    func document(_ descriptor: Descriptor) -> [UInt8]? {
        guard descriptor.size <= ImageDocument.maximumSize,
            let bytes = try? directory.readFile("blobs/\(descriptor.digest.hex)", limit: Int(descriptor.size)),
            SHA256Hasher.digest(of: bytes) == descriptor.digest
        else { return nil }
        return bytes
    }

    /// Keeps a document whose digest was checked.
    func store(document bytes: [UInt8], _ digest: Digest) throws(FileError) {
        try directory.writeFile("blobs/\(digest.hex)", bytes)
    }

    /// Keeps a blob whose digest was computed.
    func store(blob file: consuming TemporaryFile, _ digest: Digest) throws(FileError) {
        try file.commit(as: "blobs/\(digest.hex)", isDurable: true)
    }

    /// What is known of a blob that was read once, where it agrees with what a config says of the layer.
    func layer(_ digest: Digest, _ diffID: DiffID) -> LayerFacts? {
        guard let (bytes, _) = sealed("layers/\(digest.hex)", limit: 4096), var facts = LayerFacts(parsing: bytes),
            facts.diffID == diffID
        else { return nil }
        // Corrections are made anew where they were removed.
        if case .corrected(let sum) = facts.gzip, blob(sum.digest, size: sum.size) == nil { facts.gzip = .notTried }
        return facts
    }

    /// Keeps what was found out about a blob.
    func store(_ facts: LayerFacts, _ digest: Digest) throws(FileError) {
        let bytes = facts.bytes()
        try store(bytes, seal: SHA256Hasher.digest(of: bytes), "layers/\(digest.hex)")
    }

    /// A compressed frame and its digest, by the digest of what it is made of.
    func frame(_ key: Digest) -> (bytes: [UInt8], digest: Digest)? {
        sealed("frames/\(key.hex)", limit: BundleLayout.maximumFrameSize + BundleLayout.maximumFrameOverhead)
    }

    /// The size of a compressed frame; nil when it is not there.
    func frameSize(_ key: Digest) -> Int64? {
        guard let size = try? directory.size(of: "frames/\(key.hex)") else { return nil }
        return size - Int64(Digest.byteCount)
    }

    /// Removes a frame that turned out to be damaged or absent.
    ///
    /// - Throws: Always: `BuildError` with `CacheDamage` as its cause.
    func reject(frame key: Digest) throws(BuildError) -> Never { try reject("frames/\(key.hex)") }

    /// Keeps a compressed frame.
    func store(frame bytes: [UInt8], _ digest: Digest, _ key: Digest) throws(FileError) {
        // Not synced: a frame that a power cut tore is found out when it is read.
        try store(bytes, seal: digest, "frames/\(key.hex)", isDurable: false)
    }

    /// Whether there is a record of a layout; it was written after all its frames.
    func hasLayout(_ key: Digest) -> Bool { (try? directory.exists("layouts/\(key.hex)")) ?? false }

    /// The record of a layout, by the digest of what it is made of.
    func layout(_ key: Digest) -> [UInt8]? {
        sealed("layouts/\(key.hex)", limit: BundleLayout.maximumIndexSize)?.bytes
    }

    /// Keeps the record of a layout.
    func store(layout bytes: [UInt8], _ key: Digest) throws(FileError) {
        try store(bytes, seal: SHA256Hasher.digest(of: bytes), "layouts/\(key.hex)")
    }

    // A sealed file ends with the SHA-256 of the rest: its name tells what it was made of, not which bytes it has, and
    // nothing else would notice a changed recipe before it is signed.

    private func sealed(_ name: String, limit: Int) -> (bytes: [UInt8], digest: Digest)? {
        guard var bytes = try? directory.readFile(name, limit: limit + Digest.byteCount),
            bytes.count >= Digest.byteCount
        else { return nil }
        let seal = Array(bytes.suffix(Digest.byteCount))
        bytes.removeLast(Digest.byteCount)
        let digest = SHA256Hasher.digest(of: bytes)
        return digest.bytes.elementsEqual(seal) ? (bytes, digest) : nil
    }

    private func store(
        _ bytes: [UInt8], seal: Digest, _ name: String, isDurable: Bool = true
    ) throws(FileError) {
        var file = try directory.makeTemporaryFile()
        try file.append(bytes)
        try file.append(seal.bytes)
        try file.commit(as: name, isDurable: isDurable)
    }

    private func reject(_ name: String) throws(BuildError) -> Never {
        // Whatever lies there, and also when another build has removed it already.
        do throws(FileError) { try directory.removeTree(name) } catch {
            throw BuildError(error, doing: "removing the damaged \(name) from the build cache")
        }
        let damage = CacheDamage(name: name)
        throw BuildError(
            .files, "\(damage); if that happens again, check the volume of \(directory.path)", cause: damage)
    }
}

/// What makes a build do a step again, once for each part: the part is missing now, and is made anew.
struct CacheDamage: Error, Hashable, CustomStringConvertible {
    /// The file in the cache.
    let name: String

    var description: String { "\(name) of the build cache was damaged, and has been removed" }
}
