import Cryptography
import DurableFiles
import Gzip
public import OCI
public import StrictJSON

/// What a bundle says that it holds; digests are checked, signatures are not.
public struct BundleInventory: Sendable {
    /// The bundle manifest.
    public let manifest: BundleManifest
    /// The images in loading order.
    public let images: [Image]
    /// The sizes.
    public let sizes: Sizes
    private let shares: StorageShares

    /// One image with what its documents say.
    public struct Image: Sendable {
        /// As in the bundle manifest.
        public let image: BundleImage
        /// What it points to, as a signature or an SBOM does; nil where it stands for itself.
        public let subject: Digest?
        /// What kind of artifact it is, where it points to something.
        public let artifactType: String?
        /// Its image manifests.
        public let instances: [Instance]
    }

    /// One image manifest.
    public struct Instance: Sendable {
        /// The digest of the manifest.
        public let manifest: Digest
        /// The digest of the config, which is the image ID.
        public let config: Digest
        /// The platform; nil for artifacts.
        public let platform: String?
        /// The layers, lowest first.
        public let layers: [BundleLayer]
    }

    /// Sizes in bytes.
    public struct Sizes: Sendable {
        /// All images' blobs, shared ones counted for each image.
        public let images: Int64
        /// The distinct blobs, as a registry stores them.
        public let blobs: Int64
        /// The distinct streams.
        public let streams: Int64
        /// What the frames hold: the streams without what occurs twice.
        public let content: Int64
        /// All files of the bundle but signatures and the statement.
        public let bundle: Int64
    }

    /// Reads a bundle's small files.
    ///
    /// - Throws: `BundleError` with code `notFound`, `damaged` or `unsupported`.
    public init(path: String) throws(BundleError) {
        let files = try BundleFiles(path: path)
        let statement = try Statement(parsing: try files.statementBytes())
        let manifest = try files.manifest(statement)
        let index = try files.index(manifest)
        let descriptors = Dictionary(
            manifest.documents.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
        var images: [Image] = []
        // Many images may have the same manifest.
        var known: [Digest: Instance] = [:]
        for image in manifest.images {
            var instances: [Instance] = []
            for digest in image.manifests {
                guard let descriptor = descriptors[digest] else {
                    throw BundleError(.damaged, "manifest \(digest) of \(image.reference) is not in the bundle")
                }
                if known[digest] == nil {
                    known[digest] = try Self.instance(descriptor, descriptors, files, manifest)
                }
                instances += [known[digest]].compactMap(\.self)
            }
            let document = try Self.document(image.root, descriptors, files)
            let subject = document.subject ?? image.taggedSubject
            images.append(
                Image(
                    image: image, subject: subject, artifactType: subject.flatMap { _ in document.artifactType },
                    instances: instances))
        }
        let readme: Int64
        do throws(FileError) { readme = try files.folder.size(of: BundleLayout.readme) ?? 0 } catch {
            throw BundleError(error)
        }
        self.manifest = manifest
        self.images = images
        shares = try StorageShares(index, layers: manifest.layers)
        let others = [manifest.index.size, statement.manifest.size, statement.checksums.size, readme]
        sizes = Sizes(
            images: Self.sum(images.flatMap(\.instances).flatMap(\.layers).map(\.size)),
            blobs: Self.sum(manifest.layers.map(\.size)), streams: Self.sum(index.streams.map(\.size)),
            content: Self.sum(index.frames.map { Int64($0.size) }),
            bundle: Self.sum(manifest.packs.map(\.size) + manifest.documents.map(\.size) + others))
    }

    /// How many bytes of the packs a layer accounts for; what several layers use is shared out among them.
    public func storedSize(of layer: BundleLayer) -> Int64 { shares.share(of: layer) }

    /// Nobody vouches for these numbers, so they may be of any size.
    static func sum(_ sizes: [Int64]) -> Int64 {
        sizes.reduce(0) { sum, size in
            let (result, overflow) = sum.addingReportingOverflow(size)
            return overflow ? .max : result
        }
    }

    private static func instance(
        _ descriptor: Descriptor, _ descriptors: [Digest: Descriptor], _ files: BundleFiles, _ manifest: BundleManifest
    ) throws(BundleError) -> Instance {
        do throws(OCIError) {
            let bytes = try Self.bytes(descriptor, files)
            guard case .manifest(let document) = try ImageDocument(parsing: bytes, mediaType: descriptor.mediaType)
            else {
                throw OCIError(.invalidDocument, "it is an index where a manifest should be")
            }
            var platform: String?
            if document.config.mediaType.isImageConfig, let config = descriptors[document.config.digest] {
                let own = try ImageConfig(parsing: try Self.bytes(config, files)).platform
                // Cosign's signatures have the config of an image for nothing.
                platform = own.os.isEmpty && own.architecture.isEmpty ? nil : own.description
            }
            return Instance(
                manifest: descriptor.digest, config: document.config.digest, platform: platform,
                layers: document.layers.compactMap { manifest.layer($0.digest) })
        } catch {
            throw BundleError(.damaged, "reading document \(descriptor.digest): \(error.message)", cause: error)
        }
    }

    private static func document(
        _ digest: Digest, _ descriptors: [Digest: Descriptor], _ files: BundleFiles
    ) throws(BundleError) -> ImageDocument {
        do throws(OCIError) {
            guard let descriptor = descriptors[digest] else {
                throw OCIError(.invalidDocument, "it is not in the bundle")
            }
            return try ImageDocument(parsing: try bytes(descriptor, files), mediaType: descriptor.mediaType)
        } catch {
            throw BundleError(.damaged, "reading document \(digest): \(error.message)", cause: error)
        }
    }

    private static func bytes(_ descriptor: Descriptor, _ files: BundleFiles) throws(OCIError) -> [UInt8] {
        do throws(BundleError) { return try files.document(descriptor) } catch {
            throw OCIError(.invalidDocument, error.message)
        }
    }

    /// The document that `bundle inspect --json` prints; docs/reference.md has its schema.
    public var json: JSONValue {
        .object([
            "channel": .string(manifest.channel),
            "created": .string(manifest.created.description),
            "images": .array(images.map { $0.json(shares) }),
            "packs": .integer(Int64(manifest.packs.count)),
            "product": .string(manifest.product),
            "sizes": .object([
                "blobs": .integer(sizes.blobs), "bundle": .integer(sizes.bundle), "content": .integer(sizes.content),
                "images": .integer(sizes.images), "streams": .integer(sizes.streams),
            ]),
            "version": .integer(manifest.version),
        ])
    }
}

extension BundleInventory.Image {
    fileprivate func json(_ shares: StorageShares) -> JSONValue {
        .object([
            "artifactType": artifactType.map(JSONValue.string),
            "groups": .strings(image.groups),
            "manifests": .array(instances.map { $0.json(shares) }),
            "names": .strings(image.names.map(\.description)),
            "priority": .integer(image.priority),
            "reference": .string(image.reference),
            "root": .string(image.root.description),
            "subject": subject.map { .string($0.description) },
            "tags": .string(image.tagPolicy.rawValue),
        ])
    }
}

extension BundleInventory.Instance {
    fileprivate func json(_ shares: StorageShares) -> JSONValue {
        .object([
            "config": .string(config.description),
            "digest": .string(manifest.description),
            "layers": .array(
                layers.map { layer in
                    .object([
                        "diffID": layer.diffID.map { .string($0.description) },
                        "digest": .string(layer.digest.description), "encoding": layer.encoding.json,
                        "size": .integer(layer.size), "stored": .integer(shares.share(of: layer)),
                    ])
                }),
            "platform": platform.map(JSONValue.string),
        ])
    }
}

extension BundleLayer.Encoding {
    /// For people: `identity`, `verbatim gzip`, `gzip by go, level 6`, `gzip with corrections`.
    public var name: String {
        switch self {
        case .identity: "identity"
        case .verbatim(.gzip): "verbatim gzip"
        case .verbatim(.zstd): "verbatim zstd"
        case .verbatim: "verbatim"
        case .gzip(let gzip): "gzip by \(gzip)"
        case .corrected: "gzip with corrections"
        }
    }
}
