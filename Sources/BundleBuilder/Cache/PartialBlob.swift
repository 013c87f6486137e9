import Cryptography
import DurableFiles
import OCI
import Registry

/// A blob on its way into the cache; what an interrupted build left is taken up again.
///
/// Used by one task at a time.
final class PartialBlob: BlobSink {
    private let digest: Digest
    private let cache: Directory
    private let name: String
    private var file: AppendableFile
    private var hasher = SHA256Hasher()
    private let advance: (Int64) -> Void

    /// Opens or makes the blob's partial file and hashes what it holds.
    ///
    /// - Parameters:
    ///   - descriptor: The blob.
    ///   - cache: The cache's directory, with `partial` and `blobs` in it.
    ///   - advance: Is told how many bytes came; negative when they are forgotten.
    /// - Throws: `FileError`.
    init(_ descriptor: Descriptor, cache: Directory, advance: @escaping (Int64) -> Void) throws {
        digest = descriptor.digest
        self.cache = cache
        self.advance = advance
        name = "partial/\(descriptor.digest.hex)"
        file = try cache.openAppendableFile(name)
        if file.size > descriptor.size { try file.truncate(to: 0) }
        if file.size > 0 {
            let kept = try cache.openFile(name)
            try unsafe kept.forEachChunk { chunk in unsafe hasher.update(chunk) }
            advance(file.size)
        }
    }

    var received: Int64 { file.size }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        try unsafe file.append(bytes)
        unsafe hasher.update(bytes)
        advance(Int64(bytes.count))
    }

    func restart() throws {
        advance(-file.size)
        try file.truncate(to: 0)
        hasher.reset()
    }

    func finish() throws -> Bool {
        guard hasher.finishAndReset() == digest else { return false }
        try file.sync()
        try cache.rename(name, to: "blobs/\(digest.hex)")
        return true
    }
}
