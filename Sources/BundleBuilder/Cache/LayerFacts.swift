import BundleFormat
import DurableFiles
import OCI

/// What decompressing a layer's blob once has shown.
struct LayerFacts: Sendable, CustomStringConvertible {
    /// How the blob holds its tar, by its first bytes: media types are wrong too often.
    let compression: LayerCompression
    /// The digest of the tar.
    let diffID: DiffID

    init(compression: LayerCompression, diffID: DiffID) {
        self.compression = compression
        self.diffID = diffID
    }

    /// Reads a whole blob.
    ///
    /// - Throws: `GzipError` or `ZstandardError` when it cannot be decompressed, or `FileError`.
    init(_ blob: ReadableFile) throws {
        let start = try blob.read(at: 0, count: Int(min(4, blob.size)))
        if start.starts(with: [0x1F, 0x8B]) {
            compression = .gzip
        } else if start == [0x28, 0xB5, 0x2F, 0xFD]
            || (start.count == 4 && start[0] & 0xF0 == 0x50 && start[1...] == [0x2A, 0x4D, 0x18])
        {
            compression = .zstd
        } else {
            compression = .uncompressed
        }
        let digester = try TarDigester(compression)
        blob.expectSequentialReading()
        try unsafe blob.forEachChunk { chunk in try unsafe digester.update(chunk) }
        diffID = try digester.finish()
    }

    /// From the cache's file.
    init?(parsing text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let digest = try? Digest(parsing: String(parts[1])) else { return nil }
        switch parts[0] {
        case "gzip": compression = .gzip
        case "zstd": compression = .zstd
        case "tar": compression = .uncompressed
        default: return nil
        }
        diffID = DiffID(digest)
    }

    /// As in the cache's file.
    var description: String {
        let name =
            switch compression {
            case .gzip: "gzip"
            case .zstd: "zstd"
            case .uncompressed: "tar"
            }
        return "\(name) \(diffID)"
    }
}
