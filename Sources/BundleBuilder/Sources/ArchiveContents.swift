import Archives
import BundleFormat
import Cryptography
import DurableFiles
import OCI

/// What an archive of images holds: the digest of each file, found by reading all of them once.
///
/// What its lists say of these files is believed only where the digests agree.
struct ArchiveContents: Sendable {
    /// For messages.
    let name: String
    private var files: [String: File] = [:]
    private var links: [String: String] = [:]
    private var lists: [String: [UInt8]] = [:]

    /// One file, now in the cache where there is one.
    struct File: Sendable {
        let sum: FileSum
        let compression: LayerCompression
    }

    /// The files that name the others; kept in memory.
    private static let listNames = ["index.json", "manifest.json", "oci-layout"]
    /// What `docker save` makes of hundreds of layers stays far below these.
    private static let maximumFileCount = 1 << 16, maximumNameSize = 1024, maximumLinkDepth = 8

    /// Reads an archive to its end.
    ///
    /// - Parameters:
    ///   - reader: The archive, at its start.
    ///   - name: For messages.
    ///   - spool: Keeps the files by digest; what is in its cache is not read again where its name is its digest.
    /// - Throws: `ArchiveError`; `BuildError` with code `source` for entries that no archive of images has.
    init(_ reader: inout ArchiveReader, name: String, spool: ArchiveSpool?) throws {
        self.name = name
        while let entry = try reader.next() {
            try Task.checkCancellation()
            let path = try entry.name()
            guard path.utf8.count <= Self.maximumNameSize, files.count + links.count < Self.maximumFileCount else {
                throw refusal("has more or longer names than an archive of images")
            }
            switch entry.kind {
            case .directory: continue
            case .other: throw refusal("has a device or pipe at \(ArchiveEntry.shown(entry.path))")
            default: break
            }
            guard files[path] == nil, links[path] == nil, lists[path] == nil else {
                throw refusal("has \(ArchiveEntry.shown(entry.path)) twice")
            }
            switch entry.kind {
            case .file where Self.listNames.contains(path):
                lists[path] = try reader.bytes(limit: ImageDocument.maximumSize)
            case .file: files[path] = try file(entry, path, &reader, spool)
            case .hardLink(let target):
                links[path] = try ArchiveEntry(path: target, kind: .file, size: 0).name()
            default:
                // One that leads out of the archive is an error where it is used.
                links[path] = entry.linkTarget() ?? ""
            }
        }
    }

    /// The digests and sizes of all files.
    var sums: some Sequence<FileSum> { files.values.lazy.map(\.sum) }

    /// One of the lists, if the archive has it.
    func list(_ name: String) -> [UInt8]? { lists[name] }

    /// The file of a path, which may be a link inside the archive, as older versions of docker write for repeated layers.
    ///
    /// - Throws: `BuildError` with code `source`.
    func file(_ path: String) throws(BuildError) -> File {
        var target = path
        for _ in 0..<Self.maximumLinkDepth {
            if let file = files[target] { return file }
            guard let next = links[target] else { break }
            target = next
        }
        throw refusal("lacks \(ArchiveEntry.shown(Array(path.utf8))), which it names")
    }

    private func file(
        _ entry: ArchiveEntry, _ path: String, _ reader: inout ArchiveReader, _ spool: ArchiveSpool?
    ) throws -> File {
        guard entry.size <= OCI.Descriptor.maximumSize else {
            throw refusal("has \(ArchiveEntry.shown(entry.path)) of \(entry.size) bytes, more than any blob")
        }
        let claimed = Self.digest(in: path)
        if let claimed, let blob = spool?.cache.blob(claimed, size: entry.size) {
            let start = try blob.read(at: 0, count: Int(min(4, blob.size)))
            return File(
                sum: FileSum(digest: claimed, size: entry.size), compression: LayerCompression(start: start))
        }
        var file = try spool?.makeFile()
        var hasher = SHA256Hasher()
        var start: [UInt8] = []
        try unsafe reader.forEachChunk { chunk in
            try Task.checkCancellation()
            if start.count < 4 { unsafe start += chunk.prefix(4 - start.count) }
            unsafe hasher.update(chunk)
            try unsafe file?.append(chunk)
        }
        let digest = hasher.finish()
        guard claimed == nil || claimed == digest else {
            throw refusal("has \(ArchiveEntry.shown(entry.path)) with the digest \(digest): it is damaged")
        }
        if let spool, let file = file.take() { try spool.keep(file, digest) }
        return File(sum: FileSum(digest: digest, size: entry.size), compression: LayerCompression(start: start))
    }

    /// The digest that a blob of an image layout has as its name.
    private static func digest(in path: String) -> Digest? {
        let prefix = "blobs/sha256/"
        guard path.hasPrefix(prefix) else { return nil }
        return try? Digest(parsing: "sha256:" + path.dropFirst(prefix.count))
    }

    /// A fault of the archive.
    func refusal(_ what: String) -> BuildError { BuildError(.source, "\(name) \(what); make it again") }
}
