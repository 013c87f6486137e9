public import Gzip
public import OCI
import StrictJSON

/// What a bundle holds.
///
/// Spec: docs/format.md section 5.
public struct BundleManifest: Sendable {
    /// What the bundle is of.
    public let product: String
    /// As `stable`.
    public let channel: String
    /// The number that rollback protection compares.
    public let version: Int64
    /// As in the statement.
    public let created: Timestamp
    /// Indexes, manifests and configs, sorted by digest.
    public let documents: [Descriptor]
    /// The images in loading order.
    public let images: [BundleImage]
    /// The index.
    public let index: FileSum
    /// The layers, sorted by digest.
    public let layers: [BundleLayer]
    /// The packs; a pack's number is its position.
    public let packs: [BundlePack]
    /// The bundles that must be present with this one.
    public let requires: [RequiredBundle]
    /// How many volumes the bundle is spread over; nil for one.
    public let volumes: Int64?

    /// A manifest of its parts; sorts what the format wants sorted.
    public init(
        product: String, channel: String, version: Int64, created: Timestamp, documents: [Descriptor],
        images: [BundleImage], index: FileSum, layers: [BundleLayer], packs: [BundlePack],
        requires: [RequiredBundle] = [], volumes: Int64? = nil
    ) {
        self.product = product
        self.channel = channel
        self.version = version
        self.created = created
        self.documents = documents.sorted { $0.digest < $1.digest }
        self.images = images
        self.index = index
        self.layers = layers.sorted { $0.digest < $1.digest }
        self.packs = packs
        self.requires = requires
        self.volumes = volumes
    }

    /// The layer of a blob's digest.
    public func layer(_ digest: Digest) -> BundleLayer? {
        var low = 0
        var high = layers.count
        while low < high {
            let middle = (low + high) / 2
            if layers[middle].digest < digest { low = middle + 1 } else { high = middle }
        }
        return low < layers.count && layers[low].digest == digest ? layers[low] : nil
    }
}

/// One image of a bundle.
///
/// Spec: docs/format.md section 5.1.
public struct BundleImage: Sendable {
    /// The image as it was declared.
    public let reference: String
    /// The index or manifest that the reference stood for.
    public let root: Digest
    /// The image manifests that are present.
    public let manifests: [Digest]
    /// Fully qualified names on the target.
    public let names: [Reference]
    /// The groups that load it; sorted.
    public let groups: [String]
    /// Lower loads first.
    public let priority: Int64
    /// What to do when a name points elsewhere on the target.
    public let tagPolicy: TagPolicy

    /// What to do when a name points elsewhere on the target.
    public enum TagPolicy: String, Sendable {
        /// Leave the name where it points.
        case keep
        /// Let the name point to this image.
        case move
        /// Refuse to load.
        case fail
    }

    /// An image of its parts.
    public init(
        reference: String, root: Digest, manifests: [Digest], names: [Reference], groups: [String], priority: Int64,
        tagPolicy: TagPolicy
    ) {
        self.reference = reference
        self.root = root
        self.manifests = manifests
        self.names = names
        self.groups = groups.sorted()
        self.priority = priority
        self.tagPolicy = tagPolicy
    }
}

/// One layer of a bundle.
///
/// Spec: docs/format.md section 5.2.
public struct BundleLayer: Sendable {
    /// The digest of the blob.
    public let digest: Digest
    /// The size of the blob, in bytes.
    public let size: Int64
    /// The digest of the uncompressed tar; nil for what is no layer of files.
    public let diffID: DiffID?
    /// The digest of the stream.
    public let stream: Digest
    /// How the blob is made from the stream.
    public let encoding: Encoding

    /// How a blob is made from its stream.
    public enum Encoding: Hashable, Sendable {
        /// The blob is the stream, and the stream is the tar.
        case identity
        /// The blob is the stream, compressed in a way that is not reproduced; nil where it is no layer of files.
        case verbatim(LayerCompression?)
        /// The blob is one gzip member or several, made from the stream, which is the tar.
        case gzip(GzipEncoding)
        /// The blob is made from the stream, which is the tar, and from the stream of corrections with this digest.
        case corrected(Digest)
    }

    /// The digests of all streams that the blob is made of: the stream, and the corrections where there are any.
    public var streams: [Digest] {
        if case .corrected(let corrections) = encoding { [stream, corrections] } else { [stream] }
    }

    /// The size that the stream must have, in bytes; nil where only the index tells.
    public var streamSize: Int64? {
        switch encoding {
        case .identity, .verbatim: size
        case .gzip(let gzip): gzip.contentSize
        case .corrected: nil
        }
    }

    /// A layer of its parts.
    public init(digest: Digest, size: Int64, diffID: DiffID?, stream: Digest, encoding: Encoding) {
        self.digest = digest
        self.size = size
        self.diffID = diffID
        self.stream = stream
        self.encoding = encoding
    }
}

/// One pack of a bundle.
///
/// Spec: docs/format.md section 5.3.
public struct BundlePack: Sendable {
    /// The digest of the file.
    public let digest: Digest
    /// The size of the file, in bytes.
    public let size: Int64
    /// Where it lies.
    public let place: Place

    /// Where a pack lies.
    public enum Place: Hashable, Sendable {
        /// In this directory.
        case here
        /// On another volume of this bundle.
        case volume(Int64)
        /// In the required bundle whose statement has this digest.
        case bundle(Digest)
    }

    /// A pack of its parts.
    public init(digest: Digest, size: Int64, place: Place = .here) {
        self.digest = digest
        self.size = size
        self.place = place
    }
}

/// A bundle that another one builds upon.
///
/// Spec: docs/format.md section 5.
public struct RequiredBundle: Hashable, Sendable {
    /// Its product.
    public let product: String
    /// Its channel.
    public let channel: String
    /// Its version.
    public let version: Int64
    /// The SHA-256 of its statement.
    public let statement: Digest

    /// A requirement of its parts.
    public init(product: String, channel: String, version: Int64, statement: Digest) {
        self.product = product
        self.channel = channel
        self.version = version
        self.statement = statement
    }
}
