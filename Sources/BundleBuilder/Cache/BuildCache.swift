import BundleFormat
import Cryptography
public import DurableFiles
import OCI

/// What builds keep for the next one, by digest: verified blobs, what is known of layers, compressed frames, and layouts.
///
/// Everything read from it is compared with its digest before it is used; whatever is missing or damaged is made again.
/// It may be deleted at any time when no build runs.
public struct BuildCache: Sendable {
    /// The cache's directory.
    public let directory: Directory

    /// Opens the cache, or makes it.
    ///
    /// - Throws: `BuildError` with code `files` or `noSpace`.
    public init(path: String) throws(BuildError) {
        do throws(FileError) {
            directory = try Directory.make(path).makeSubdirectory("v1")
            for name in ["blobs", "partial", "layers", "frames", "layouts"] { _ = try directory.makeSubdirectory(name) }
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

    /// A verified blob of a known size.
    func blob(_ digest: Digest, size: Int64) -> ReadableFile? {
        guard let file = try? directory.openFile("blobs/\(digest.hex)"), file.size == size else { return nil }
        return file
    }

    /// Forgets a blob that turned out to be damaged.
    func remove(blob digest: Digest) throws(FileError) { try directory.remove("blobs/\(digest.hex)") }

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

    /// What is known of a blob that was decompressed once: its compression and diffID.
    func layer(_ digest: Digest) -> LayerFacts? {
        guard let bytes = try? directory.readFile("layers/\(digest.hex)", limit: 256) else { return nil }
        return LayerFacts(parsing: String(decoding: bytes, as: UTF8.self))
    }

    /// Keeps what was found out about a blob.
    func store(_ facts: LayerFacts, _ digest: Digest) throws(FileError) {
        try directory.writeFile("layers/\(digest.hex)", Array(facts.description.utf8))
    }

    /// A compressed frame, by the digest of what it is made of.
    func frame(_ key: Digest) -> [UInt8]? {
        try? directory.readFile(
            "frames/\(key.hex)", limit: BundleLayout.maximumFrameSize + BundleLayout.maximumFrameOverhead)
    }

    /// The size of a compressed frame; nil when it is not there.
    func frameSize(_ key: Digest) -> Int64? { (try? directory.size(of: "frames/\(key.hex)")) ?? nil }

    /// Forgets a frame that turned out to be damaged.
    func remove(frame key: Digest) throws(FileError) { try directory.remove("frames/\(key.hex)") }

    /// Keeps a compressed frame.
    func store(frame bytes: [UInt8], _ key: Digest) throws(FileError) {
        var file = try directory.subdirectory("frames").makeTemporaryFile()
        try file.append(bytes)
        // Not synced: a frame that a power cut tore is found out when it is read.
        try file.commit(as: key.hex, isDurable: false)
    }

    /// The record of a layout, by the digest of what it is made of.
    func layout(_ key: Digest) -> [UInt8]? {
        try? directory.readFile("layouts/\(key.hex)", limit: BundleLayout.maximumIndexSize)
    }

    /// Keeps the record of a layout.
    func store(layout bytes: [UInt8], _ key: Digest) throws(FileError) {
        try directory.writeFile("layouts/\(key.hex)", bytes)
    }
}
