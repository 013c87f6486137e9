import BundleFormat
import Cryptography
import DurableFiles
import Gzip
import OCI
import TestSupport
import Testing
import Zstandard

/// What a bundle is written from; tests change parts of it to have bundles that are built wrong but validly signed.
struct BundleDraft: Sendable {
    /// One frame before it is in a pack.
    struct Frame: Sendable {
        var compressed: [UInt8]
        var size: Int
        var filter = FrameFilter.none
    }

    var product = "demo"
    var version: Int64 = 7
    var frames: [Frame] = []
    var documents: [Digest: (bytes: [UInt8], descriptor: Descriptor)] = [:]
    var images: [BundleImage] = []
    var layers: [Digest: BundleLayer] = [:]
    var streams: [Digest: FrameIndex.Stream] = [:]
    /// The layers' blobs, to compare with what a reader makes.
    var blobs: [Digest: [UInt8]] = [:]
    var packLimit: Int64 = 3000

    static let created = "2024-01-02T03:04:05Z"
    private let frameLimit = 4096
    private let cut = 700
    private var content: [UInt8] = []
    private var known: [[UInt8]: (frame: Int, offset: Int)] = [:]

    init() {}

    /// Adds a layer that is stored as it is, cut into pieces that are stored once.
    mutating func add(blob: [UInt8], diffID: DiffID?, encoding: BundleLayer.Encoding) {
        let digest = SHA256Hasher.digest(of: blob)
        guard layers[digest] == nil else { return }
        layers[digest] = BundleLayer(
            digest: digest, size: Int64(blob.count), diffID: diffID, stream: digest, encoding: encoding)
        blobs[digest] = blob
        addStream(blob, digest)
    }

    private mutating func addStream(_ bytes: [UInt8], _ digest: Digest) {
        var runs: [FrameIndex.Run] = []
        for start in stride(from: 0, to: bytes.count, by: cut) {
            let piece = Array(bytes[start..<min(start + cut, bytes.count)])
            let place = store(piece)
            if let last = runs.last, last.frame == place.frame, last.offset + last.length == place.offset {
                runs[runs.count - 1].length += UInt32(piece.count)
            } else {
                runs.append(
                    .init(frame: UInt32(place.frame), offset: UInt32(place.offset), length: UInt32(piece.count)))
            }
        }
        streams[digest] = FrameIndex.Stream(digest: digest, size: Int64(bytes.count), runs: runs)
    }

    /// Adds a layer that is stored as its tar, with what makes its gzip blob.
    mutating func add(tar: [UInt8], diffID: DiffID, blob: [UInt8], encoding: GzipEncoding) {
        let digest = SHA256Hasher.digest(of: blob)
        layers[digest] = BundleLayer(
            digest: digest, size: Int64(blob.count), diffID: diffID, stream: diffID.digest, encoding: .gzip(encoding))
        blobs[digest] = blob
        addStream(tar, diffID.digest)
    }

    /// Adds a layer that is stored as its tar and as corrections.
    mutating func add(tar: [UInt8], diffID: DiffID, blob: [UInt8], corrections: [UInt8]) {
        let digest = SHA256Hasher.digest(of: blob)
        let second = SHA256Hasher.digest(of: corrections)
        layers[digest] = BundleLayer(
            digest: digest, size: Int64(blob.count), diffID: diffID, stream: diffID.digest, encoding: .corrected(second)
        )
        blobs[digest] = blob
        addStream(tar, diffID.digest)
        addStream(corrections, second)
    }

    /// Adds a layer of an image in the encoding that its compression demands.
    mutating func add(_ layer: LayerFixture) {
        let encoding: BundleLayer.Encoding =
            switch layer.compression {
            case .none: .identity
            case .zstd: .verbatim(.zstd)
            case .gzip, .gzipMembers: .verbatim(.gzip)
            }
        add(blob: layer.blob, diffID: layer.diffID, encoding: encoding)
    }

    mutating func add(document bytes: [UInt8], _ descriptor: Descriptor) {
        documents[descriptor.digest] = (bytes, descriptor)
    }

    /// Adds an image with its documents and layers.
    mutating func add(_ image: ImageFixture, name: String, priority: Int64 = 0) throws {
        add(parts: image)
        try declare(name, root: image.descriptor.digest, manifests: [image.descriptor.digest], priority: priority)
    }

    /// Adds what belongs to an image, but not the image.
    mutating func add(parts image: ImageFixture) {
        for layer in image.layers { add(layer) }
        add(document: image.manifest, image.descriptor)
        add(
            document: image.config,
            Descriptor(mediaType: .ociConfig, digest: image.imageID, size: Int64(image.config.count)))
    }

    /// Declares an image.
    mutating func declare(_ name: String, root: Digest, manifests: [Digest], priority: Int64 = 0) throws {
        images.append(
            BundleImage(
                reference: name, root: root, manifests: manifests,
                names: [try Reference(parsing: "registry.example.com/" + name)], groups: ["default"],
                priority: priority, tagPolicy: .move))
    }

    /// An image of one layer whose config names this diffID; so does the layer, when it is changed as well.
    mutating func addImage(layer: LayerFixture, diffID: DiffID, name: String, changingLayer: Bool = true) throws {
        let compression: LayerCompression? =
            switch layer.compression {
            case .none: .uncompressed
            case .zstd: .zstd
            case .gzip, .gzipMembers: .gzip
            }
        if changingLayer {
            layers[layer.digest] = nil
            add(blob: layer.blob, diffID: diffID, encoding: .verbatim(compression))
        }
        try addImage(blob: layer.blob, diffID: diffID, compression: compression ?? .gzip, name: name)
    }

    /// An image of one layer, which is not added.
    mutating func addImage(blob: [UInt8], diffID: DiffID, compression: LayerCompression, name: String) throws {
        let config = Array(
            #"{"architecture":"amd64","os":"linux","rootfs":{"diff_ids":["\#(diffID)"],"type":"layers"}}"#.utf8)
        let configDescriptor = Descriptor(
            mediaType: .ociConfig, digest: SHA256Hasher.digest(of: config), size: Int64(config.count))
        let layer = Descriptor(
            mediaType: compression == .zstd ? .ociLayerZstd : .ociLayerGzip, digest: SHA256Hasher.digest(of: blob),
            size: Int64(blob.count))
        let manifest = ImageFixture.manifest(config: configDescriptor, layers: [layer])
        let root = Descriptor(
            mediaType: .ociManifest, digest: SHA256Hasher.digest(of: manifest), size: Int64(manifest.count))
        add(document: config, configDescriptor)
        add(document: manifest, root)
        try declare(name, root: root.digest, manifests: [root.digest])
    }

    /// Documents and declaration of an artifact; its layers are not added.
    mutating func addArtifact(_ root: Descriptor, of set: ImageSet, name: String, priority: Int64 = 0) throws {
        let bytes = try #require(set.blobs[root.digest])
        add(document: bytes, root)
        guard case .manifest(let manifest) = try ImageDocument(parsing: bytes, mediaType: .ociManifest) else { return }
        add(document: try #require(set.blobs[manifest.config.digest]), manifest.config)
        try declare(name, root: root.digest, manifests: [root.digest], priority: priority)
    }

    /// Closes the frame that is being filled.
    mutating func closeFrame(level: Int = 3) throws {
        guard !content.isEmpty else { return }
        // Every filter is one of any content.
        let filter: FrameFilter = frames.count % 2 == 0 ? .none : .x86
        frames.append(
            Frame(
                compressed: try Self.compress(filter.applied(to: content), level: level), size: content.count,
                filter: filter))
        content = []
    }

    /// Forgets all frames, so that a test can have its own.
    mutating func discardFrames() {
        frames = []
        content = []
        known = [:]
    }

    static func compress(_ bytes: [UInt8], level: Int = 3) throws -> [UInt8] {
        var compressor = try ZstandardCompressor(level: level)
        return try bytes.withUnsafeBytes { try compressor.compress($0) }
    }

    private mutating func store(_ piece: [UInt8]) -> (frame: Int, offset: Int) {
        if let place = known[piece] { return place }
        if content.count + piece.count > frameLimit { try? closeFrame() }
        let place = (frame: frames.count, offset: content.count)
        content += piece
        known[piece] = place
        return place
    }

    /// The parts that go into the manifest.
    func contents() throws -> BundleWriter.Contents {
        BundleWriter.Contents(
            product: product, channel: "stable", version: version,
            created: try #require(Timestamp(parsing: Self.created)), images: images, layers: Array(layers.values),
            streams: Array(streams.values))
    }

    /// Writes the bundle into a new directory.
    @discardableResult
    func write(to path: String, keys: [PrivateKey]) throws -> Statement {
        var draft = self
        try draft.closeFrame()
        var writer = try BundleWriter(directory: try Directory.make(path), packLimit: packLimit)
        for frame in draft.frames {
            try writer.add(
                frame: frame.compressed, digest: SHA256Hasher.digest(of: frame.compressed), size: frame.size,
                filter: frame.filter)
        }
        for document in draft.documents.values { try writer.add(document: document.bytes, document.descriptor) }
        return try writer.finish(try draft.contents(), keys: keys)
    }
}
