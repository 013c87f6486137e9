public import BundleFormat
public import OCI

/// An image of a bundle with its documents, as a target shall hold it.
public struct TargetImage: Sendable {
    /// Reference, names, tag policy, groups and priority.
    public let image: BundleImage
    /// The index or manifest that the reference stood for.
    public let root: Document
    /// What it points to, as its root says or one of cosign's tags; nil where it stands for itself.
    public let subject: Digest?
    /// What it points to where its root says so, which lists of referrers repeat.
    public let listedSubject: Digest?
    /// The image manifests that are delivered: one where the engine wants one platform, else all that are present.
    public let instances: [Instance]

    /// Whether it only comes along with what it points to: it has no names but those by which referrers are found.
    public var isReferrer: Bool { subject != nil && image.isCalledAsReferrer }

    /// A document's bytes, compared with its digest.
    public struct Document: Sendable {
        /// Media type, digest and size.
        public let descriptor: Descriptor
        /// The bytes.
        public let bytes: [UInt8]

        /// A document of its parts.
        public init(descriptor: Descriptor, bytes: [UInt8]) {
            self.descriptor = descriptor
            self.bytes = bytes
        }
    }

    /// One image manifest.
    public struct Instance: Sendable {
        /// The manifest.
        public let manifest: Document
        /// The config; its digest is the image ID.
        public let config: Document
        /// What it runs on; nil for an artifact, whose config is no image config.
        public let platform: Platform?
        /// The diffIDs of the config, lowest first; empty for an artifact.
        public let diffIDs: [DiffID]
        /// The layers, lowest first.
        public let layers: [BundleLayer]

        /// An instance of its parts.
        public init(
            manifest: Document, config: Document, platform: Platform?, diffIDs: [DiffID], layers: [BundleLayer]
        ) {
            self.manifest = manifest
            self.config = config
            self.platform = platform
            self.diffIDs = diffIDs
            self.layers = layers
        }
    }

    /// An image of its parts.
    public init(image: BundleImage, root: Document, instances: [Instance]) {
        self.image = image
        self.root = root
        self.instances = instances
        // Documents were parsed when the bundle was read.
        listedSubject =
            (try? ImageDocument(parsing: root.bytes, mediaType: root.descriptor.mediaType))?.subject
        subject = listedSubject ?? image.taggedSubject
    }
}
