import BundleFormat
import Cryptography
import DurableFiles
import Gzip
import OCI

/// Reads a stream from the cache, a chunk at a time, and compares the whole with its digest.
struct StreamSource: ~Copyable {
    private let stream: PackPlan.Stream
    private let cache: BuildCache
    private let file: ReadableFile
    private var inflater: GzipInflater?
    private var hasher = SHA256Hasher()
    private var position: Int64 = 0

    /// A gzip blob may come out a thousand times as large.
    private static let compressedChunkSize = 32 << 10

    init(_ stream: PackPlan.Stream, cache: BuildCache) throws {
        guard let file = cache.blob(stream.blob.digest, size: stream.blob.size) else {
            try cache.reject(blob: stream.blob.digest)
        }
        self.stream = stream
        self.cache = cache
        self.file = file
        if stream.isInflated { inflater = GzipInflater() }
        file.expectSequentialReading()
    }

    /// The next bytes, perhaps none; nil at the end.
    mutating func next() throws -> [UInt8]? {
        let limit = inflater == nil ? ReadableFile.chunkSize : Self.compressedChunkSize
        let count = Int(min(Int64(limit), file.size - position))
        guard count > 0 else { return nil }
        let chunk = try inflated(try file.read(at: position, count: count))
        hasher.update(chunk)
        position += Int64(count)
        return chunk
    }

    private mutating func inflated(_ chunk: [UInt8]) throws -> [UInt8] {
        guard inflater != nil else { return chunk }
        var content: [UInt8] = []
        do {
            try unsafe chunk.withUnsafeBytes { bytes in
                try unsafe inflater?.inflate(bytes) { piece in unsafe content.append(contentsOf: piece) }
            }
        } catch is GzipError {
            // It could be inflated when it was looked at first.
            try cache.reject(blob: stream.blob.digest)
        }
        return content
    }

    /// Refuses a stream that was not what it should be; its blob leaves the cache.
    ///
    /// - Throws: `BuildError` with `CacheDamage` as its cause.
    consuming func finish() throws {
        let found = hasher.finish()
        guard found != stream.digest else { return }
        try cache.reject(blob: stream.blob.digest)
    }
}
