import BundleFormat
import BundleSpec
import OCI

/// One image of a spec, followed down to its layers.
struct ResolvedImage: Sendable {
    /// What the spec says.
    let entry: ImageEntry
    /// The index or manifest that the name stands for.
    let root: Descriptor
    /// Every document that goes into the bundle, root first.
    let documents: [Document]
    /// The image manifests that are present, in the order of the index.
    let manifests: [Digest]
    /// The layers of all manifests, lowest first.
    let layers: [ResolvedLayer]
    /// The newest `created` of the configs.
    let created: Timestamp?
    /// Whether it comes along with what it points to.
    var isReferrer = false
    /// Where the layers come from.
    let provider: any ImageProvider

    /// The same, called otherwise.
    func renamed(_ entry: ImageEntry) -> ResolvedImage {
        ResolvedImage(
            entry: entry, root: root, documents: documents, manifests: manifests, layers: layers, created: created,
            isReferrer: isReferrer, provider: provider)
    }

    /// The layers that some image wants stored as they are.
    static func originals(_ images: [ResolvedImage]) -> Set<Digest> {
        Set(images.filter { $0.entry.storage == .original }.flatMap(\.layers).map(\.descriptor.digest))
    }

    /// A document with its descriptor.
    struct Document: Sendable {
        let descriptor: Descriptor
        let bytes: [UInt8]
    }
}

/// A layer of an image, as its manifest and config say it is.
struct ResolvedLayer: Sendable {
    /// The blob.
    let descriptor: Descriptor
    /// The digest of the tar; nil for the blobs of artifacts.
    let diffID: DiffID?
}
