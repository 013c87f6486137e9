import DurableFiles
import OCI

/// The storage of a distribution registry, as its root directory holds it.
///
/// Nothing is followed that leads out of the root directory: links and mounts beneath it are refused.
struct RegistryStorage: Sendable {
    /// The root directory, as `storage.filesystem.rootdirectory` of the registry's configuration.
    let root: Directory
    /// Whom everything in it belongs to.
    let owner: FileOwner

    /// Opens an existing root directory; this path may be a link.
    init(path: String) throws(FileError) {
        root = try Directory(opening: path)
        owner = try root.owner
    }

    /// The folder of a blob, relative to the root directory.
    static func folder(of blob: Digest) -> String {
        "docker/registry/v2/blobs/sha256/\(blob.hex.prefix(2))/\(blob.hex)"
    }

    /// The name of each blob in its folder.
    static let blobName = "data"

    /// The file of a blob, relative to the root directory.
    static func path(of blob: Digest) -> String { folder(of: blob) + "/" + blobName }

    /// Whether a blob is there: who put it there compared its digest, and gave it its name when it was whole.
    func hasBlob(_ digest: Digest, size: Int64) throws(FileError) -> Bool {
        try root.size(of: Self.path(of: digest)) == size
    }

    /// What a link's file points to; nil when it is absent, or holds something else than a digest.
    func target(of link: StorageLink) throws(FileError) -> Digest? {
        do throws(FileError) {
            let bytes = try root.readFile(link.folder + "/" + StorageLink.fileName, limit: link.content.count)
            return try? Digest(parsing: String(decoding: bytes, as: UTF8.self))
        } catch {
            guard error.code == .notFound || error.code == .overLimit else { throw error }
            return nil
        }
    }

    /// Whether a link is there and points to its digest.
    func has(_ link: StorageLink) throws(FileError) -> Bool { try target(of: link) == link.digest }

    /// Writes a link, unless it is there.
    func write(_ link: StorageLink) throws(FileError) {
        guard try !has(link) else { return }
        try folder(link.folder).writeFile(StorageLink.fileName, link.content, owner: owner)
    }

    /// Writes a document, unless it is there.
    ///
    /// - Returns: Whether it was written.
    func write(_ document: TargetImage.Document) throws(FileError) -> Bool {
        let descriptor = document.descriptor
        guard try !hasBlob(descriptor.digest, size: descriptor.size) else { return false }
        try folder(Self.folder(of: descriptor.digest)).writeFile(Self.blobName, document.bytes, owner: owner)
        return true
    }

    /// Opens the folder of a blob or link, made where it is missing and freed of what an interrupted load left.
    func folder(_ path: String) throws(FileError) -> Directory {
        let folder = try root.makeSubdirectory(path, owner: owner)
        try folder.removeTemporaryFiles()
        return folder
    }
}
