import OCI

/// Follows every image from its root to its configs and layers, and remembers which image needs what.
///
/// Spec: docs/format.md section 5.1.
struct ImageClosure {
    /// What is missing or contradictory.
    private(set) var faults: [Fault] = []
    /// The references of the images that need a layer, by its digest.
    private(set) var imagesByLayer: [Digest: Set<String>] = [:]
    /// The references of the images that need a document, by its digest.
    private(set) var imagesByDocument: [Digest: Set<String>] = [:]

    private let manifest: BundleManifest
    private let descriptors: [Digest: Descriptor]
    private let documents: [Digest: [UInt8]]

    /// Follows all images.
    ///
    /// - Parameters:
    ///   - manifest: The bundle manifest.
    ///   - documents: The bytes of the documents that are not damaged.
    init(manifest: BundleManifest, documents: [Digest: [UInt8]]) {
        self.manifest = manifest
        self.documents = documents
        descriptors = Dictionary(uniqueKeysWithValues: manifest.documents.map { ($0.digest, $0) })
        for image in manifest.images { follow(image) }
        // With a document damaged, what it names seems to belong to nobody.
        guard documents.count == manifest.documents.count else { return }
        for document in manifest.documents where imagesByDocument[document.digest] == nil {
            complain(nil, "document \(document.digest) belongs to no image")
        }
        for layer in manifest.layers where imagesByLayer[layer.digest] == nil {
            complain(nil, "layer \(layer.digest) belongs to no image")
        }
    }

    private mutating func complain(_ image: BundleImage?, _ message: String) {
        faults.append(
            Fault(.content, path: BundleLayout.manifest, images: image.map { [$0.reference] } ?? [], message))
    }

    /// The bytes of a document, noting that the image needs it; nil when it is damaged, which is reported elsewhere.
    private mutating func need(_ digest: Digest, for image: BundleImage) -> [UInt8]? {
        imagesByDocument[digest, default: []].insert(image.reference)
        if descriptors[digest] == nil {
            complain(image, "document \(digest) of \(image.reference) is not in the bundle")
        }
        return documents[digest]
    }

    private mutating func follow(_ image: BundleImage) {
        var children: [Digest]?
        if let bytes = need(image.root, for: image), let mediaType = descriptors[image.root]?.mediaType {
            do throws(OCIError) {
                switch try ImageDocument(parsing: bytes, mediaType: mediaType) {
                case .index(let index): children = index.manifests.map(\.digest)
                case .manifest: children = [image.root]
                }
            } catch {
                complain(image, "document \(image.root) of \(image.reference): \(error.message)")
            }
        }
        var rest = children.map { $0[...] }
        for digest in image.manifests {
            if let candidates = rest {
                if let position = candidates.firstIndex(of: digest) {
                    rest = candidates[(position + 1)...]
                } else {
                    complain(image, "manifest \(digest) is not one of \(image.root)'s, or not in its order")
                }
            }
            guard let bytes = need(digest, for: image), let mediaType = descriptors[digest]?.mediaType else { continue }
            do throws(OCIError) {
                guard case .manifest(let document) = try ImageDocument(parsing: bytes, mediaType: mediaType) else {
                    throw OCIError(.invalidDocument, "it is an index where a manifest should be")
                }
                try follow(document, of: image)
            } catch {
                complain(image, "document \(digest) of \(image.reference): \(error.message)")
            }
        }
    }

    private mutating func follow(_ document: ImageManifest, of image: BundleImage) throws(OCIError) {
        var diffIDs: [DiffID]?
        if let bytes = need(document.config.digest, for: image), document.config.mediaType.isImageConfig {
            diffIDs = try ImageConfig(parsing: bytes).diffIDs
        }
        if let diffIDs, diffIDs.count != document.layers.count {
            complain(image, "\(document.layers.count) layers have \(diffIDs.count) diffIDs")
        }
        for (position, descriptor) in document.layers.enumerated() {
            imagesByLayer[descriptor.digest, default: []].insert(image.reference)
            guard let layer = manifest.layer(descriptor.digest), layer.size == descriptor.size else {
                complain(
                    image, "layer \(descriptor.digest) of \(image.reference) is not in the bundle, or of another size")
                continue
            }
            if let diffIDs, position < diffIDs.count, layer.diffID != diffIDs[position] {
                complain(
                    image, "layer \(descriptor.digest) of \(image.reference) has another diffID than its config says")
            }
        }
    }
}
