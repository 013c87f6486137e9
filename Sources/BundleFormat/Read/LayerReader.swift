import OCI
import Synchronization

/// Gives the layers of a bundle, as tars or as the blobs that registries know.
///
/// Reads the index and opens the packs when the first layer is asked for, so that a load with nothing missing reads neither.
/// Safe to use from several threads.
public final class LayerReader: Sendable {
    private let files: BundleFiles
    private let manifest: BundleManifest
    private let cacheSize: Int
    private let compressedCacheSize: Int
    private let opened = Mutex<FrameReader?>(nil)
    /// The blobs that are streams and came out right as a whole: their frames, compared each time, say it from then on.
    private let proved = Mutex<Set<Digest>>([])

    /// For a bundle whose manifest was verified.
    ///
    /// - Parameters:
    ///   - files: The bundle.
    ///   - manifest: Its manifest.
    ///   - cacheSize: How many bytes of decompressed frames are kept.
    ///   - compressedCacheSize: How many bytes of compressed frames of expected layers are kept.
    public init(
        files: BundleFiles, manifest: BundleManifest, cacheSize: Int = 32 << 20, compressedCacheSize: Int = 40 << 20
    ) {
        self.files = files
        self.manifest = manifest
        self.cacheSize = cacheSize
        self.compressedCacheSize = compressedCacheSize
    }

    /// Notes that layers are going to be read, so that what several of them need comes from the medium once, where it fits.
    ///
    /// - Throws: `BundleError` with code `damaged`.
    public func expect(_ layers: [BundleLayer]) throws(BundleError) {
        let frames = try frames()
        for layer in layers { try frames.expect([frames.index.streams[try frames.position(of: layer)]]) }
    }

    /// How long a layer's stream is: its tar, or where the encoding is `verbatim` its blob.
    ///
    /// - Throws: `BundleError` with code `damaged`.
    public func streamSize(of layer: BundleLayer) throws(BundleError) -> Int64 {
        if let size = layer.streamSize { return size }
        let frames = try frames()
        return frames.index.streams[try frames.position(of: layer)].size
    }

    /// Hands over a layer's stream, in order and in pieces: its tar, or where the encoding is `verbatim` its blob.
    ///
    /// - Parameters:
    ///   - layer: A layer of the bundle.
    ///   - body: Gets pieces that are not yet known to be right as a whole: only the return says so.
    /// - Throws: `BundleError` with code `notFound` when a pack is not here, or `damaged`; or what `body` throws.
    public func readStream(_ layer: BundleLayer, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let frames = try frames()
        let stream = frames.index.streams[try frames.position(of: layer)]
        try unsafe frames.readVerified(stream, body)
    }

    /// Hands over the blob that registries know, in order and in pieces.
    ///
    /// - Parameters:
    ///   - layer: A layer of the bundle.
    ///   - body: Gets pieces that are not yet known to be right as a whole: only the return says so.
    /// - Throws: As `readStream`.
    public func readBlob(_ layer: BundleLayer, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var decoder = try FrameDecoder()
        try unsafe frames().readBlob(layer, decoder: &decoder, body)
    }

    /// Hands over a part of the blob that registries know, in order and in pieces.
    ///
    /// The first time the whole blob is read, and compared with its digest. From then on, where the blob is stored as it is,
    /// only the frames of the part are read, and compared with theirs.
    ///
    /// - Parameters:
    ///   - layer: A layer of the bundle.
    ///   - part: Which bytes.
    ///   - body: Gets pieces that are not yet known to be right: only the return says so.
    /// - Throws: As `readStream`.
    public func readBlob(
        _ layer: BundleLayer, part: Range<Int64>, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let isStream = layer.stream == layer.digest
        if isStream, proved.withLock({ $0.contains(layer.digest) }) {
            let frames = try frames()
            var decoder = try FrameDecoder()
            let stream = frames.index.streams[try frames.position(of: layer)]
            return try unsafe frames.read(stream, part: part, decoder: &decoder, body)
        }
        var position: Int64 = 0
        try unsafe readBlob(layer) { bytes in
            let wanted = part.clamped(to: position..<position + Int64(bytes.count))
            let start = Int(wanted.lowerBound - position)
            position += Int64(bytes.count)
            guard !wanted.isEmpty else { return }
            try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + wanted.count]))
        }
        if isStream { proved.withLock { _ = $0.insert(layer.digest) } }
    }

    /// Hands over the blob that registries know, in order and in pieces, made on several threads where its encoder can be.
    ///
    /// - Parameters:
    ///   - layer: A layer of the bundle.
    ///   - jobs: How many tasks encode at a time, each with about 10 MiB of memory; at least 1.
    ///   - body: Gets pieces that are not yet known to be right as a whole: only the return says so.
    /// - Throws: As `readStream`, and `CancellationError`.
    public func readBlob(
        _ layer: BundleLayer, jobs: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        try await unsafe frames().readBlob(layer, jobs: jobs, body)
    }

    private func frames() throws(BundleError) -> FrameReader {
        // Read under the lock: others that wait for it need it as well.
        try opened.withLock { (opened) throws(BundleError) in
            if let opened { return opened }
            let reader = FrameReader(
                files: files, manifest: manifest, index: try files.index(manifest), cacheSize: cacheSize,
                compressedCacheSize: compressedCacheSize)
            opened = reader
            return reader
        }
    }
}
