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
            throw BuildError(.files, "blob \(stream.digest) has gone from the build cache; run the build again")
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

    /// Says whether the stream was what it should be; a damaged blob leaves the cache.
    consuming func finish() throws {
        let found = hasher.finish()
        guard found != stream.digest else { return }
        try cache.remove(blob: stream.digest)
        throw BuildError(
            .files, "blob \(stream.digest) of the build cache was damaged, and has been removed; run the build again")
    }
}
