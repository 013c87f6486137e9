public import BundleFormat
import Cryptography
import OCI
import StrictJSON
import Tar

/// The tar of images, as engines take it: an image layout, uncompressed; its size is known before a layer is read.
///
/// Stores that keep layers unpacked get plain tars, and docker's manifest.json over the same files; layers that they have are
/// files of length zero. Stores that keep what registries know get that, without what they have.
/// Spec: docs/loading.md sections 5.1 and 5.3, docs/delivering.md section 4.
public struct ImageArchive: Sendable {
    enum Content: Sendable {
        case bytes([UInt8])
        case layer(LayerForm)
        case nothing
    }

    /// One file of it.
    public struct Entry: Sendable {
        /// Its path in the archive.
        public var name: String { tar.name }
        /// Its size, in bytes.
        public var size: Int64 { tar.size }
        fileprivate let tar: TarEntry
        fileprivate let content: Content
    }

    /// Its files in their order.
    public private(set) var entries: [Entry] = []

    /// How long it is, in bytes.
    public private(set) var size = Int64(TarEntry.end.count)

    /// An archive of nothing.
    init() {}

    /// The archive of an image for a store that keeps layers unpacked.
    ///
    /// - Parameters:
    ///   - config: The bytes of the config.
    ///   - layers: The form of each layer, lowest first.
    ///   - presentCount: How many of the lowest layers the daemon has.
    ///   - names: The names that are to be set.
    ///   - hasLayout: Whether it is an image layout too; podman would read that, and then wants to know present layers by
    ///     the digests of what it was sent at the time.
    init(config: [UInt8], layers: [LayerForm], presentCount: Int, names: [Reference], hasLayout: Bool = true) {
        let configDescriptor = Descriptor(
            mediaType: .ociConfig, digest: SHA256Hasher.digest(of: config), size: Int64(config.count))
        if hasLayout { addLayout(configDescriptor, layers, names) }
        add("manifest.json", .array([Self.dockerItem(configDescriptor.digest, layers.map(\.digest), names)]))
        add(Self.path(configDescriptor.digest), .bytes(config), Int64(config.count))
        let missing = Set(layers.dropFirst(presentCount).map(\.digest))
        var added: Set<Digest> = []
        for form in layers where added.insert(form.digest).inserted {
            let isMissing = missing.contains(form.digest)
            add(Self.path(form.digest), isMissing ? .layer(form) : .nothing, isMissing ? form.size : 0)
        }
    }

    /// The archive of an image for a store that keeps what registries know.
    ///
    /// - Parameters:
    ///   - image: The image; its index may name manifests that are absent.
    ///   - missing: The blobs of layers that the store does not have.
    ///   - names: All names that are to be set, as the store spells them; at least one.
    init(_ image: TargetImage, missing: Set<Digest>, names: [String]) {
        addContent(of: [image]) { missing.contains($0.digest) }
        add("index.json", Self.index(Self.entries(image.root.descriptor, names.map { [Self.nameKey: $0] })))
    }

    /// The archive of an image without a name whose layers the daemon has; asks only whether it does.
    init(config: [UInt8], presentLayers: [DiffID]) {
        add(
            "manifest.json",
            .array([Self.dockerItem(SHA256Hasher.digest(of: config), presentLayers.map(\.digest), [])]))
        add(Self.path(SHA256Hasher.digest(of: config)), .bytes(config), Int64(config.count))
        for digest in Set(presentLayers.map(\.digest)) { add(Self.path(digest), .nothing, 0) }
    }

    /// Hands over the archive, in order and in pieces.
    ///
    /// - Throws: As `LayerReader.readStream`.
    func write(_ reader: LayerReader?, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        for entry in entries {
            try unsafe Self.hand(entry.tar.header, body)
            switch entry.content {
            case .bytes(let bytes): try unsafe Self.hand(bytes, body)
            case .layer(let form):
                guard let reader else { preconditionFailure("layers need a reader") }
                try Task.checkCancellation()
                try unsafe form.read(reader, body)
            case .nothing: break
            }
            try unsafe Self.hand(entry.tar.padding, body)
        }
        try unsafe Self.hand(TarEntry.end, body)
    }

    /// Hands over the archive, in order and in pieces, with blobs made on several threads.
    ///
    /// - Parameters:
    ///   - reader: Gives the layers.
    ///   - jobs: How many tasks make a blob; at least 1.
    ///   - body: Gets pieces of which those of a layer are known to be right only when what follows comes.
    /// - Throws: As `LayerReader.readBlob`.
    public func write(
        _ reader: LayerReader, jobs: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        try await unsafe writeContent(reader, jobs: jobs, body)
        try unsafe writeNames(body)
    }

    /// Hands over all but the last file and the end, as `write` does: nothing that has only these has a name.
    func writeContent(
        _ reader: LayerReader, jobs: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        for entry in entries.dropLast() {
            try unsafe Self.hand(entry.tar.header, body)
            try await unsafe entry.read(reader, jobs: jobs, body)
            try unsafe Self.hand(entry.tar.padding, body)
        }
    }

    /// Hands over the last file, which names the images, and the end.
    func writeNames(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let entry = entries.last, case .bytes(let bytes) = entry.content else {
            preconditionFailure("the last file lists the images")
        }
        try unsafe Self.hand(entry.tar.header + bytes + entry.tar.padding + TarEntry.end, body)
    }

    fileprivate static func hand(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !bytes.isEmpty else { return }
        try unsafe bytes.withUnsafeBytes { try unsafe body($0) }
    }

    private mutating func addLayout(_ config: Descriptor, _ layers: [LayerForm], _ names: [Reference]) {
        let manifest = JSONWriter.canonical(
            .object([
                "schemaVersion": .integer(2), "mediaType": .string(MediaType.ociManifest.rawValue),
                "config": config.json,
                "layers": .array(
                    layers.map { Descriptor(mediaType: $0.mediaType, digest: $0.digest, size: $0.size).json }),
            ]))
        let descriptor = Descriptor(
            mediaType: .ociManifest, digest: SHA256Hasher.digest(of: manifest), size: Int64(manifest.count))
        add("oci-layout", Self.layoutVersion)
        add(
            "index.json",
            Self.index(
                Self.entries(descriptor, names.map { [Self.nameKey: $0.description, Self.tagKey: $0.tag ?? "latest"] }))
        )
        add(Self.path(descriptor.digest), .bytes(manifest), Int64(manifest.count))
    }

    /// Adds the version of the layout, the layers that are wanted, and all documents, each once.
    ///
    /// The index comes last: an archive that is cut off before names nothing.
    mutating func addContent(of images: [TargetImage], layersWhere isWanted: (BundleLayer) -> Bool) {
        add("oci-layout", Self.layoutVersion)
        var added: Set<Digest> = []
        for layer in images.flatMap(\.instances).flatMap(\.layers) where isWanted(layer) {
            guard added.insert(layer.digest).inserted else { continue }
            add(Self.path(layer.digest), .layer(LayerForm(blobOf: layer)), layer.size)
        }
        for image in images {
            let documents = image.instances.map(\.config) + image.instances.map(\.manifest) + [image.root]
            for document in documents where added.insert(document.descriptor.digest).inserted { add(document) }
        }
    }

    mutating func add(_ name: String, _ content: Content, _ size: Int64) {
        let entry = TarEntry(name: name, size: size)
        entries.append(Entry(tar: entry, content: content))
        self.size += entry.totalSize
    }

    mutating func add(_ document: TargetImage.Document) {
        add(Self.path(document.descriptor.digest), .bytes(document.bytes), Int64(document.bytes.count))
    }

    mutating func add(_ name: String, _ json: JSONValue) {
        let bytes = JSONWriter.canonical(json)
        add(name, .bytes(bytes), Int64(bytes.count))
    }

    static func path(_ digest: Digest) -> String { "blobs/sha256/" + digest.hex }

    private static let layoutVersion = JSONValue.object(["imageLayoutVersion": .string("1.0.0")])
    /// The full name, as containerd wants it.
    static let nameKey = "io.containerd.image.name"
    /// What the image specification has for names.
    static let tagKey = "org.opencontainers.image.ref.name"

    /// An index of descriptors.
    static func index(_ manifests: [Descriptor]) -> JSONValue {
        .object([
            "schemaVersion": .integer(2), "mediaType": .string(MediaType.ociIndex.rawValue),
            "manifests": .array(manifests.map(\.json)),
        ])
    }

    /// One entry a name, as containerd wants it; without names one that has none.
    static func entries(_ root: Descriptor, _ annotations: [[String: String]]) -> [Descriptor] {
        (annotations.isEmpty ? [[:]] : annotations).map { annotations in
            Descriptor(mediaType: root.mediaType, digest: root.digest, size: root.size, annotations: annotations)
        }
    }

    /// An image in docker's own list; names are full ones, since others than docker complete them differently.
    static func dockerItem(_ config: Digest, _ layers: [Digest], _ names: [Reference]) -> JSONValue {
        .object([
            "Config": .string(path(config)),
            "RepoTags": names.isEmpty ? .null : .strings(names.map(\.description)),
            "Layers": .strings(layers.map(path)),
        ])
    }
}

extension ImageArchive.Entry {
    /// Hands over the contents, in order and in pieces, with a blob made on several threads.
    ///
    /// - Parameters:
    ///   - reader: Gives the layers.
    ///   - jobs: How many tasks make a blob; at least 1.
    ///   - body: Gets pieces that are not yet known to be right as a whole: only the return says so.
    /// - Throws: As `LayerReader.readBlob`.
    public func read(
        _ reader: LayerReader, jobs: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        switch content {
        case .bytes(let bytes): try unsafe ImageArchive.hand(bytes, body)
        case .layer(let form): try await unsafe form.read(reader, jobs: jobs, body)
        case .nothing: break
        }
    }

    /// The layer that it holds; nil where it holds none.
    public var layer: BundleLayer? { if case .layer(let form) = content { form.layer } else { nil } }
}
