import BundleFormat
import Console
import Cryptography
import Deflate
import DurableFiles
import Gzip
import OCI

/// Finds what made the gzip blobs in the cache, so that they need not be stored: their tars are enough.
///
/// What it finds is proved: the whole blob was made again, and was the same. Costs about as much as compressing the
/// layers with the encoders that made them; the cache remembers the answer.
struct EncoderSearch: Sendable {
    let cache: BuildCache
    let jobs: Int
    let progress: WorkListener

    /// Looks for the encoders of layers that nobody wants stored as they are.
    ///
    /// - Parameters:
    ///   - images: The images of the bundle.
    ///   - facts: What is known of each layer of files, by the digest of its blob.
    /// - Returns: The same, with the encoders that were found.
    /// - Throws: `BuildError`, with `CacheDamage` as its cause when a blob had rotted.
    func search(
        _ images: [ResolvedImage], _ facts: [Digest: LayerFacts]
    ) async throws(BuildError) -> [Digest: LayerFacts] {
        let blobs = Self.candidates(images, facts)
        guard !blobs.isEmpty else { return facts }
        progress.phase("find encoders", blobs.map(\.size).total)
        // Where there are fewer blobs than cores, several cores make each.
        let share = max(1, jobs / blobs.count)
        let found = try await mapInParallel(blobs, width: jobs) { blob throws(BuildError) in
            do {
                return try await recognize(blob, facts[blob.digest], share)
            } catch {
                throw BuildError(error, doing: "finding the encoder of layer \(blob.digest)")
            }
        }
        var result = facts
        for (blob, known) in zip(blobs, found) { result[blob.digest] = known }
        return result
    }

    /// The blobs whose encoders are wanted and not known, the largest first: they take longest.
    private static func candidates(_ images: [ResolvedImage], _ facts: [Digest: LayerFacts]) -> [Descriptor] {
        var seen = ResolvedImage.originals(images)
        return images.flatMap(\.layers).map(\.descriptor)
            .filter { facts[$0.digest]?.wantsEncoder ?? false && seen.insert($0.digest).inserted }
            .sorted { ($1.size, $0.digest) < ($0.size, $1.digest) }
    }

    /// What is known of a blob when its encoder was looked for.
    private func recognize(_ blob: Descriptor, _ facts: LayerFacts?, _ jobs: Int) async throws -> LayerFacts? {
        guard let file = cache.blob(blob.digest, size: blob.size) else { try cache.reject(blob: blob.digest) }
        let found: LayerFacts.Recognition
        do {
            let encoding = try await GzipRecognizer(CachedBlob(file: file))
                .encoding(contentSize: facts?.size ?? 0, jobs: jobs)
            found = try encoding.map(LayerFacts.Recognition.proved) ?? corrections(of: CachedBlob(file: file))
        } catch is GzipError {
            // It could be inflated when it was looked at first.
            try cache.reject(blob: blob.digest)
        }
        // What was made is the file's bytes; they may have rotted, also where no checksum of gzip covers them.
        try cache.check(blob: blob.digest, file)
        progress.advance(blob.size)
        var known = facts
        known?.gzip = found
        if let known { try cache.store(known, blob.digest) }
        return known
    }

    /// Makes corrections for a blob that no encoder makes, proves them, and keeps them in the cache.
    private func corrections(of blob: CachedBlob) throws -> LayerFacts.Recognition {
        let search = CorrectionSearch(blob)
        var file = try cache.directory.makeTemporaryFile()
        var hasher = SHA256Hasher()
        let isWorthwhile = try search.make { bytes in
            hasher.update(bytes)
            try file.append(bytes)
        }
        guard isWorthwhile else { return .unknown }
        let sum = FileSum(digest: hasher.finish(), size: file.written)
        try cache.store(blob: file, sum.digest)
        guard let kept = cache.blob(sum.digest, size: sum.size), try search.proves(CachedBlob(file: kept)) else {
            return .unknown
        }
        return .corrected(sum)
    }
}

/// A blob of the cache, as a recognizer reads it.
private final class CachedBlob: RandomAccessBytes, ByteSource {
    private let file: ReadableFile
    private var position: Int64 = 0

    init(file: ReadableFile) { self.file = file }

    var size: Int64 { file.size }

    func read(at offset: Int64, count: Int) throws -> [UInt8] { try file.read(at: offset, count: count) }

    func next() throws -> [UInt8] {
        let count = min(64 << 10, size - position)
        defer { position += count }
        return try file.read(at: position, count: Int(count))
    }
}
