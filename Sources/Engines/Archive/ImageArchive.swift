import BundleFormat
import Cryptography
import OCI
import StrictJSON
import Tar

/// The tar of one image, as engines take it: an image layout, uncompressed; its size is known before a layer is read.
///
/// Stores that keep layers unpacked get plain tars, and docker's manifest.json over the same files; layers that they have are
/// files of length zero. Stores that keep what registries know get that, without what they have.
/// Spec: docs/loading.md sections 5.1 and 5.3.
struct ImageArchive: Sendable {
    private enum Content: Sendable {
        case bytes([UInt8])
        case layer(LayerForm)
        case nothing
    }

    private var entries: [(entry: TarEntry, content: Content)] = []

    /// How long it is, in bytes.
    private(set) var size = Int64(TarEntry.end.count)

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
        add("manifest.json", Self.dockerManifest(configDescriptor.digest, layers.map(\.digest), names))
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
        add("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
        var added: Set<Digest> = []
        for layer in image.instances.flatMap(\.layers) where missing.contains(layer.digest) {
            guard added.insert(layer.digest).inserted else { continue }
            add(Self.path(layer.digest), .layer(LayerForm(blobOf: layer)), layer.size)
        }
        let documents = image.instances.map(\.config) + image.instances.map(\.manifest) + [image.root]
        for document in documents where added.insert(document.descriptor.digest).inserted {
            add(Self.path(document.descriptor.digest), document.bytes)
        }
        // Last: an archive that is cut off before names nothing.
        add("index.json", Self.index(image.root.descriptor, names.map { [Self.nameKey: $0] }))
    }

    /// The archive of an image without a name whose layers the daemon has; asks only whether it does.
    init(config: [UInt8], presentLayers: [DiffID]) {
        add(
            "manifest.json",
            Self.dockerManifest(SHA256Hasher.digest(of: config), presentLayers.map(\.digest), []))
        add(Self.path(SHA256Hasher.digest(of: config)), .bytes(config), Int64(config.count))
        for digest in Set(presentLayers.map(\.digest)) { add(Self.path(digest), .nothing, 0) }
    }

    /// Hands over the archive, in order and in pieces.
    ///
    /// - Throws: As `LayerReader.readStream`.
    func write(_ reader: LayerReader?, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        func hand(_ bytes: [UInt8]) throws { try unsafe bytes.withUnsafeBytes { try unsafe body($0) } }
        for (entry, content) in entries {
            try hand(entry.header)
            switch content {
            case .bytes(let bytes): try hand(bytes)
            case .layer(let form):
                guard let reader else { preconditionFailure("layers need a reader") }
                try Task.checkCancellation()
                try unsafe form.read(reader, body)
            case .nothing: break
            }
            if entry.paddingSize > 0 { try hand([UInt8](repeating: 0, count: entry.paddingSize)) }
        }
        try hand(TarEntry.end)
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
        add("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
        add("index.json", Self.index(descriptor, names.map(Self.annotations)))
        add(Self.path(descriptor.digest), manifest)
    }

    private mutating func add(_ name: String, _ content: Content, _ size: Int64) {
        let entry = TarEntry(name: name, size: size)
        entries.append((entry, content))
        self.size += entry.totalSize
    }

    private mutating func add(_ name: String, _ json: JSONValue) { add(name, JSONWriter.canonical(json)) }

    private mutating func add(_ name: String, _ text: String) { add(name, Array(text.utf8)) }

    private mutating func add(_ name: String, _ bytes: [UInt8]) { add(name, .bytes(bytes), Int64(bytes.count)) }

    private static func path(_ digest: Digest) -> String { "blobs/sha256/" + digest.hex }

    private static let nameKey = "io.containerd.image.name"

    private static func annotations(_ name: Reference) -> [String: String] {
        [nameKey: name.description, "org.opencontainers.image.ref.name": name.tag ?? "latest"]
    }

    /// One entry a name, as containerd wants it; without names one that has none.
    private static func index(_ root: Descriptor, _ annotations: [[String: String]]) -> JSONValue {
        let manifests = (annotations.isEmpty ? [[:]] : annotations).map { annotations in
            Descriptor(mediaType: root.mediaType, digest: root.digest, size: root.size, annotations: annotations).json
        }
        return .object([
            "schemaVersion": .integer(2), "mediaType": .string(MediaType.ociIndex.rawValue),
            "manifests": .array(manifests),
        ])
    }

    /// Docker's own list; names are full ones, since others than docker complete them differently.
    private static func dockerManifest(_ config: Digest, _ layers: [Digest], _ names: [Reference]) -> JSONValue {
        .array([
            .object([
                "Config": .string(path(config)),
                "RepoTags": names.isEmpty ? .null : .strings(names.map(\.description)),
                "Layers": .strings(layers.map(path)),
            ])
        ])
    }
}
