import BundleFormat
import Cryptography
import DurableFiles
import OCI

/// Reads a stream from the cache, a chunk at a time, and compares the whole with its digest.
struct StreamSource: ~Copyable {
    private let stream: PackPlan.Stream
    private let cache: BuildCache
    private let file: ReadableFile
    private var hasher = SHA256Hasher()
    private var position: Int64 = 0

    init(_ stream: PackPlan.Stream, cache: BuildCache) throws {
        guard let file = cache.blob(stream.digest, size: stream.size) else {
            try cache.reject(blob: stream.digest)
        }
        self.stream = stream
        self.cache = cache
        self.file = file
        file.expectSequentialReading()
    }

    /// The next bytes; nil at the end.
    mutating func next() throws -> [UInt8]? {
        let count = Int(min(Int64(ReadableFile.chunkSize), stream.size - position))
        guard count > 0 else { return nil }
        let chunk = try file.read(at: position, count: count)
        hasher.update(chunk)
        position += Int64(count)
        return chunk
    }

    /// Refuses a stream that was not what it should be; its blob leaves the cache.
    ///
    /// - Throws: `BuildError` with `CacheDamage` as its cause.
    consuming func finish() throws {
        let found = hasher.finish()
        guard found != stream.digest else { return }
        try cache.reject(blob: stream.digest)
    }
}
