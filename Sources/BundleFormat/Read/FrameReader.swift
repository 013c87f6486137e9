import Cryptography
import DurableFiles
import Synchronization

/// Gives the contents of frames, each authenticated in the memory that is then decompressed.
///
/// Safe to use from several threads; keeps the contents of the frames used last, up to `cacheSize` bytes.
public final class FrameReader: Sendable {
    let index: FrameIndex
    private let packs: [ReadableFile?]
    private let cache: Mutex<FrameCache>
    private let compressed: Mutex<CompressedFrames>
    private let largestFrame: Int

    /// Opens the packs that are here.
    ///
    /// - Parameters:
    ///   - files: The bundle.
    ///   - manifest: Its manifest.
    ///   - index: Its index.
    ///   - cacheSize: How many bytes of decompressed frames are kept.
    ///   - compressedCacheSize: How many bytes of compressed frames of expected streams are kept.
    public init(
        files: BundleFiles, manifest: BundleManifest, index: FrameIndex, cacheSize: Int = 64 << 20,
        compressedCacheSize: Int = 0
    ) {
        self.index = index
        // A pack that cannot be opened is reported where a frame of it is asked for.
        packs = manifest.packs.map { try? files.folder.openFile(BundleLayout.blobPath($0.digest)) }
        largestFrame = index.frames.map(\.size).max() ?? 0
        cache = Mutex(FrameCache(capacity: max(1, cacheSize / max(1, largestFrame))))
        compressed = Mutex(CompressedFrames(capacity: compressedCacheSize))
    }

    /// Notes that streams are going to be read, so that frames that several need are kept, compressed.
    func expect(_ streams: some Sequence<FrameIndex.Stream>) throws(BundleError) {
        for stream in streams {
            let frames = Set(try index.runs(of: stream).map { Int($0.frame) })
            compressed.withLock { $0.expect(frames) }
        }
    }

    /// Reads a frame and compares its compressed bytes with its digest.
    ///
    /// - Parameters:
    ///   - number: The frame.
    ///   - decoder: Holds the compressed bytes afterwards.
    /// - Throws: `BundleError` with code `notFound` when the pack is not here, or `damaged`.
    public func authenticate(_ number: Int, decoder: inout FrameDecoder) throws(BundleError) {
        let frame = index.frames[number]
        guard let pack = packs[frame.pack] else {
            throw BundleError(.notFound, "reading frame \(number): its pack \(frame.pack) is not here")
        }
        if decoder.input.count < frame.compressedSize {
            decoder.input = [UInt8](repeating: 0, count: frame.compressedSize)
        }
        if frame.compressedSize > Self.pieceSize { pack.prefetch(at: frame.offset, count: frame.compressedSize) }
        var hasher = SHA256Hasher()
        var failure: FileError?
        unsafe decoder.input.withUnsafeMutableBytes { input in
            // Hashed in pieces, while they are in the processor's cache.
            for start in stride(from: 0, to: frame.compressedSize, by: Self.pieceSize) where failure == nil {
                let end = min(start + Self.pieceSize, frame.compressedSize)
                let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: input[start..<end])
                do throws(FileError) {
                    try unsafe pack.read(at: frame.offset + Int64(start), into: piece)
                    unsafe hasher.update(UnsafeRawBufferPointer(piece))
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw BundleError(.damaged, "reading frame \(number): \(failure.message)", cause: failure) }
        guard hasher.finish() == frame.digest else {
            throw BundleError(
                .damaged, "reading frame \(number) of pack \(frame.pack): its bytes are not those that were signed")
        }
    }

    private static let pieceSize = 128 << 10

    /// The content of a frame that is kept.
    func keptContent(_ number: Int) -> [UInt8]? { cache.withLock { $0.content(number) } }

    /// The content of a frame.
    ///
    /// - Returns: Memory that starts with the content, and may be longer.
    /// - Throws: `BundleError` with code `notFound` when the pack is not here, or `damaged`.
    public func content(_ number: Int, decoder: inout FrameDecoder) throws(BundleError) -> [UInt8] {
        if let kept = keptContent(number) { return kept }
        let frame = index.frames[number]
        if let kept = compressed.withLock({ $0.frame(number) }) {
            decoder.input = kept
        } else {
            try authenticate(number, decoder: &decoder)
            let bytes = decoder.input[..<frame.compressedSize]
            compressed.withLock { $0.keep(bytes, number) }
        }
        var content = cache.withLock { $0.takeSpare() } ?? [UInt8](repeating: 0, count: largestFrame)
        try decoder.decompressInput(frame, into: &content)
        cache.withLock { $0.keep(content, number) }
        return content
    }

    /// Hands over the bytes of a stream, in order and in pieces.
    ///
    /// - Throws: What `content` or `body` throws.
    public func read(
        _ stream: FrameIndex.Stream, decoder: inout FrameDecoder, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let runs = try index.runs(of: stream)
        try unsafe read(runs, from: { try content($0, decoder: &decoder) }, body)
        finished(runs)
    }

    /// The same, where another thread decodes a frame while the one before is handed over.
    func readAhead(_ stream: FrameIndex.Stream, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let runs = try index.runs(of: stream)
        var frames = try FramesAhead(runs, reader: self)
        try unsafe read(runs, from: { try frames.content($0) }, body)
        finished(runs)
    }

    /// Hands over the bytes of a part of a stream, in order and in pieces; only its frames are read.
    ///
    /// - Throws: What `content` or `body` throws.
    func read(
        _ stream: FrameIndex.Stream, part: Range<Int64>, decoder: inout FrameDecoder,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var position: Int64 = 0
        let runs = try index.runs(of: stream).compactMap { run -> FrameIndex.Run? in
            defer { position += Int64(run.length) }
            let wanted = part.clamped(to: position..<position + Int64(run.length))
            let skipped = UInt32(wanted.lowerBound - position)
            return wanted.isEmpty
                ? nil
                : FrameIndex.Run(frame: run.frame, offset: run.offset + skipped, length: UInt32(wanted.count))
        }
        try unsafe read(runs, from: { try content($0, decoder: &decoder) }, body)
    }

    private func read(
        _ runs: [FrameIndex.Run], from content: (Int) throws -> [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        for run in runs {
            try unsafe content(Int(run.frame)).withUnsafeBytes { bytes in
                let start = Int(run.offset)
                try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(run.length)]))
            }
        }
    }

    /// Notes that a stream of these runs was read.
    func finished(_ runs: [FrameIndex.Run]) {
        let frames = Set(runs.map { Int($0.frame) })
        compressed.withLock { $0.finished(frames) }
    }
}

/// The frames used last, and memory of those that are not needed any more.
private struct FrameCache {
    let capacity: Int
    private var contents: [Int: [UInt8]] = [:]
    private var order: [Int] = []
    private var spare: [[UInt8]] = []

    init(capacity: Int) { self.capacity = capacity }

    mutating func content(_ number: Int) -> [UInt8]? {
        guard let content = contents[number] else { return nil }
        if order.last != number {
            order.removeAll { $0 == number }
            order.append(number)
        }
        return content
    }

    /// Memory to decompress into.
    ///
    /// Where somebody still reads it, writing to it makes a copy.
    mutating func takeSpare() -> [UInt8]? {
        if spare.isEmpty, order.count >= capacity, let oldest = contents.removeValue(forKey: order.removeFirst()) {
            return oldest
        }
        return spare.popLast()
    }

    mutating func keep(_ content: [UInt8], _ number: Int) {
        guard contents.updateValue(content, forKey: number) == nil else { return }
        order.append(number)
        while order.count > capacity, let oldest = contents.removeValue(forKey: order.removeFirst()) {
            spare.append(oldest)
        }
    }
}
