import BundleFormat
import Engines
import OCI

/// Which images of a bundle a host loads, and which manifest of each.
///
/// Spec: docs/loading.md section 1.
struct ImageSelection {
    /// The groups that this host belongs to.
    let groups: Set<String>
    /// Only these images, by reference or name; empty for all that the groups allow.
    let only: [Reference]
    /// What the engine runs; nil where all platforms are delivered.
    let platform: Platform?

    /// The images in loading order, with their documents.
    ///
    /// - Throws: `LoadError` with code `notFound` when nothing is left, when an image that was asked for is not there, or
    ///   when one has no manifest for the platform; `damaged` when documents contradict the manifest.
    func images(of manifest: BundleManifest, documents: DocumentStore) throws(LoadError) -> [TargetImage] {
        var selected = try chosen(manifest.images)
        selected =
            platform == nil
            ? try withReferrers(selected, of: manifest, documents: documents)
            : try withoutReferrers(selected, of: manifest, documents: documents)
        var images: [TargetImage] = []
        for image in selected { images.append(try target(image, manifest: manifest, documents: documents)) }
        return images
    }

    private func chosen(_ images: [BundleImage]) throws(LoadError) -> [BundleImage] {
        guard only.isEmpty else {
            for reference in only where !images.contains(where: { Self.isCalled(reference, $0) }) {
                throw LoadError(
                    .notFound, "selecting images: the bundle has no image \(reference); `bundle inspect` lists them")
            }
            return images.filter { image in only.contains { Self.isCalled($0, image) } }
        }
        let chosen = images.filter { $0.groups.isEmpty || !groups.isDisjoint(with: $0.groups) }
        guard !chosen.isEmpty else {
            let known = Set(images.flatMap(\.groups)).sorted().joined(separator: ", ")
            let own = groups.isEmpty ? "none" : groups.sorted().joined(separator: ", ")
            throw LoadError(
                .notFound,
                "selecting images: none of the bundle's \(images.count) is for this host's groups (\(own)); "
                    + "set GROUPS to some of: \(known)")
        }
        return chosen
    }

    /// With what points to the images, and to what points to them, whatever groups it has; in loading order.
    private func withReferrers(
        _ images: [BundleImage], of manifest: BundleManifest, documents: DocumentStore
    ) throws(LoadError) -> [BundleImage] {
        var known = Set(images.flatMap { [$0.root] + $0.manifests })
        var taken = Set(images.map(\.reference))
        var waiting: [(image: BundleImage, subject: Digest)] = []
        for image in manifest.images where image.isCalledAsReferrer && !taken.contains(image.reference) {
            guard let subject = try Self.subject(of: image, documents) else { continue }
            waiting.append((image, subject))
        }
        while let position = waiting.firstIndex(where: { known.contains($0.subject) }) {
            let image = waiting.remove(at: position).image
            known.formUnion([image.root] + image.manifests)
            taken.insert(image.reference)
        }
        return manifest.images.filter { taken.contains($0.reference) }
    }

    /// Without what comes along with images for registries: engines know nothing of it.
    private func withoutReferrers(
        _ images: [BundleImage], of manifest: BundleManifest, documents: DocumentStore
    ) throws(LoadError) -> [BundleImage] {
        guard only.isEmpty else { return images }
        let known = Set(manifest.documents.map(\.digest))
        var left: [BundleImage] = []
        for image in images {
            if image.isCalledAsReferrer, let subject = try Self.subject(of: image, documents), known.contains(subject) {
                continue
            }
            left.append(image)
        }
        return left
    }

    private static func subject(of image: BundleImage, _ documents: DocumentStore) throws(LoadError) -> Digest? {
        try parse(try documents.document(image.root)).subject ?? image.taggedSubject
    }

    private static func isCalled(_ reference: Reference, _ image: BundleImage) -> Bool {
        image.reference == reference.description || image.names.contains(reference)
    }

    private func target(
        _ image: BundleImage, manifest: BundleManifest, documents: DocumentStore
    ) throws(LoadError) -> TargetImage {
        let root = try documents.document(image.root)
        var digests = image.manifests
        if let platform, case .index(let index) = try Self.parse(root) {
            let present = index.manifests.filter { image.manifests.contains($0.digest) }
            let best = present.compactMap { entry in entry.platform?.rank(for: platform).map { ($0, entry.digest) } }
                .min { $0.0 < $1.0 }
            guard let best else { throw Self.noManifest(image, present.compactMap(\.platform), wanted: platform) }
            digests = [best.1]
        }
        var instances: [TargetImage.Instance] = []
        for digest in digests { instances.append(try instance(digest, manifest: manifest, documents: documents)) }
        if let platform, let own = instances.first?.platform, own.rank(for: platform) == nil {
            throw Self.noManifest(image, [own], wanted: platform)
        }
        return TargetImage(image: image, root: root, instances: instances)
    }

    private func instance(
        _ digest: Digest, manifest: BundleManifest, documents: DocumentStore
    ) throws(LoadError) -> TargetImage.Instance {
        let document = try documents.document(digest)
        guard case .manifest(let parsed) = try Self.parse(document) else {
            throw LoadError(.damaged, "reading document \(digest): it is an index where a manifest should be")
        }
        let config = try documents.document(parsed.config.digest)
        var layers: [BundleLayer] = []
        for descriptor in parsed.layers {
            guard let layer = manifest.layer(descriptor.digest), layer.size == descriptor.size else {
                throw LoadError(
                    .damaged, "reading manifest \(digest): its layer \(descriptor.digest) is not in the bundle")
            }
            layers.append(layer)
        }
        guard parsed.config.mediaType.isImageConfig else {
            return TargetImage.Instance(
                manifest: document, config: config, platform: nil, diffIDs: [], layers: layers)
        }
        let imageConfig: ImageConfig
        do throws(OCIError) { imageConfig = try ImageConfig(parsing: config.bytes) } catch {
            throw LoadError(.damaged, "reading config \(parsed.config.digest): \(error.message)", cause: error)
        }
        guard imageConfig.diffIDs == layers.map(\.diffID) else {
            throw LoadError(
                .damaged,
                "reading config \(parsed.config.digest): its diffIDs are not those of the manifest's layers")
        }
        return TargetImage.Instance(
            manifest: document, config: config, platform: imageConfig.platform, diffIDs: imageConfig.diffIDs,
            layers: layers)
    }

    private static func parse(_ document: TargetImage.Document) throws(LoadError) -> ImageDocument {
        do throws(OCIError) {
            return try ImageDocument(parsing: document.bytes, mediaType: document.descriptor.mediaType)
        } catch {
            throw LoadError(
                .damaged, "reading document \(document.descriptor.digest): \(error.message)", cause: error)
        }
    }

    private static func noManifest(_ image: BundleImage, _ found: [Platform], wanted: Platform) -> LoadError {
        let found = Set(found).sorted().map(\.description).joined(separator: ", ")
        return LoadError(
            .notFound,
            "selecting images: \(image.reference) is in the bundle for \(found.isEmpty ? "no platform" : found) only, "
                + "the target needs \(wanted); build the bundle with that platform, or give the image a group")
    }
}
