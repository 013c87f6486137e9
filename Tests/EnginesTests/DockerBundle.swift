import BundleFormat
import Cryptography
import Deflate
import DurableFiles
import Engines
import Gzip
import OCI
import TestSupport
import Testing
import Zstandard

/// A real bundle of images made in code, as the loader would open it.
///
/// Layers of one gzip member count as reproducible: they are stored, and sent, as their tars.
struct DockerBundle: Sendable {
    private let directory: TemporaryDirectory
    let reader: LayerReader
    let layers: [Digest: BundleLayer]

    init(_ fixtures: [LayerFixture]) throws {
        directory = try TemporaryDirectory()
        let key = try PrivateKey.generate(.ed25519)
        var writer = try BundleWriter(directory: try Directory.make(directory.path("bundle")))
        var layers: [Digest: BundleLayer] = [:]
        var streams: [Digest: FrameIndex.Stream] = [:]
        var frameCount: UInt32 = 0
        var compressor = try ZstandardCompressor(level: 1)
        for fixture in fixtures {
            let layer = try Self.layer(fixture)
            layers[layer.digest] = layer
            guard streams[layer.stream] == nil else { continue }
            let bytes = layer.stream == layer.digest ? fixture.blob : fixture.tar
            var runs: [FrameIndex.Run] = []
            for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                let piece = Array(bytes[start..<min(start + 1 << 20, bytes.count)])
                let compressed = try piece.withUnsafeBytes { try compressor.compress($0) }
                try writer.add(
                    frame: compressed, digest: SHA256Hasher.digest(of: compressed), size: piece.count, filter: .none)
                runs.append(FrameIndex.Run(frame: frameCount, offset: 0, length: UInt32(piece.count)))
                frameCount += 1
            }
            streams[layer.stream] = FrameIndex.Stream(digest: layer.stream, size: Int64(bytes.count), runs: runs)
        }
        let statement = try writer.finish(
            BundleWriter.Contents(
                product: "test", channel: "stable", version: 1,
                created: try #require(Timestamp(parsing: "2024-01-02T03:04:05Z")), images: [],
                layers: Array(layers.values), streams: Array(streams.values)), keys: [key])
        let files = try BundleFiles(path: directory.path("bundle"))
        self.layers = layers
        reader = LayerReader(files: files, manifest: try files.manifest(statement))
    }

    private static func layer(_ fixture: LayerFixture) throws -> BundleLayer {
        var stream = fixture.digest
        let encoding: BundleLayer.Encoding
        switch fixture.compression {
        case .none: encoding = .identity
        case .zstd: encoding = .verbatim(.zstd)
        case .gzipMembers: encoding = .verbatim(.gzip)
        case .gzip:
            stream = fixture.diffID.digest
            let encoder = DeflateEncoding.Encoder.allCases[0]
            let level = try #require(encoder.levels.min())
            let deflate = try #require(DeflateEncoding(encoder, level: level))
            encoding = .gzip(try #require(GzipEncoding(header: [31, 139, 8, 0, 0, 0, 0, 0, 0, 255], deflate: deflate)))
        }
        return BundleLayer(
            digest: fixture.digest, size: Int64(fixture.blob.count), diffID: fixture.diffID, stream: stream,
            encoding: encoding)
    }

    /// An image of the bundle.
    ///
    /// - Parameters:
    ///   - image: Its documents and layers.
    ///   - names: Its names.
    ///   - policy: What to do where a name points elsewhere.
    ///   - platform: What it runs on; nil for an artifact.
    ///   - diffIDs: What its config says where that is not true.
    /// - Returns: What an engine is given.
    /// - Throws: `OCIError` for a name that is none.
    func target(
        _ image: ImageFixture, _ names: String..., policy: BundleImage.TagPolicy = .move,
        platform: Platform? = Platform(os: "linux", architecture: "amd64"), diffIDs: [DiffID]? = nil
    ) throws -> TargetImage {
        let manifest = TargetImage.Document(descriptor: image.descriptor, bytes: image.manifest)
        let config = TargetImage.Document(
            descriptor: Descriptor(mediaType: .ociConfig, digest: image.imageID, size: Int64(image.config.count)),
            bytes: image.config)
        return TargetImage(
            image: BundleImage(
                reference: names.first ?? "unnamed", root: image.descriptor.digest, manifests: [],
                names: try names.map { try Reference(parsing: $0) }, groups: [], priority: 0, tagPolicy: policy),
            root: manifest,
            instances: [
                TargetImage.Instance(
                    manifest: manifest, config: config, platform: platform,
                    diffIDs: diffIDs ?? image.layers.map(\.diffID),
                    layers: try image.layers.map { try #require(layers[$0.digest]) })
            ])
    }
}

extension DockerEngine {
    /// Connects to a daemon that answers.
    static func of(_ daemon: DockerDaemon) async throws -> DockerEngine {
        try await connect(path: daemon.socket, wait: .seconds(120))
    }

    /// Plans and loads as the loader does, and gives the plan and how many bytes were sent.
    @discardableResult
    func put(_ images: [TargetImage], _ bundle: DockerBundle) async throws -> (plan: LoadPlan, sent: Int64) {
        let plan = try await plan(images, reader: bundle.reader)
        try await checkRoom(for: plan)
        let counter = ByteCounter()
        for batch in plan.batches {
            try await load(batch, reader: bundle.reader) { counter.add($0) }
            try sync()
            for step in batch { try confirm(step) }
        }
        return (plan, counter.total)
    }
}
