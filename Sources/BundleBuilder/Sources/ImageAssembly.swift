import BundleFormat
import BundleSpec
import OCI

/// Puts one image together from its documents, once they are there.
struct ImageAssembly: Sendable {
    /// What the spec says.
    let entry: ImageEntry
    /// The index or manifest that the name stands for.
    let root: Descriptor
    /// The bytes of the root.
    let bytes: [UInt8]
    /// The manifests for the wanted platforms, in the order of the index.
    let selection: [Descriptor]
    /// What a lone manifest must be for; nil where an index has said so.
    private let platforms: [Platform]?

    /// One image manifest with its config.
    struct Instance: Sendable {
        let descriptor: Descriptor
        let bytes: [UInt8]
        let manifest: ImageManifest
        let config: [UInt8]
    }

    /// Selects the manifests.
    ///
    /// - Throws: `BuildError` with code `notFound` when a platform is absent, or `OCIError`.
    init(entry: ImageEntry, root: Descriptor, bytes: [UInt8], platforms: [Platform]) throws {
        self.entry = entry
        self.root = root
        self.bytes = bytes
        switch try ImageDocument(parsing: bytes, mediaType: root.mediaType) {
        case .manifest:
            selection = [root]
            self.platforms = platforms
        case .index(let index):
            selection = try Self.selection(of: index, platforms, entry)
            self.platforms = nil
        }
    }

    private static func selection(
        of index: ImageIndex, _ platforms: [Platform], _ entry: ImageEntry
    ) throws(BuildError) -> [Descriptor] {
        var wanted: Set<Digest> = []
        for platform in platforms {
            guard let found = index.manifest(for: platform) else {
                let known = index.manifests.compactMap { $0.platform?.description }.filter { $0 != "unknown/unknown" }
                throw BuildError(
                    .notFound,
                    "\(entry.key) has no image for \(platform); it has \(known.joined(separator: ", ")); "
                        + "change 'platforms' of the spec or of the image")
            }
            wanted.insert(found.digest)
        }
        return index.manifests.filter { wanted.remove($0.digest) != nil }
    }

    /// The image of its parts, which must fit each other.
    ///
    /// - Throws: `BuildError` with code `source` or `notFound`, or `OCIError`.
    func image(_ instances: [Instance], provider: any ImageProvider) throws -> ResolvedImage {
        var documents = [ResolvedImage.Document(descriptor: root, bytes: bytes)]
        var layers: [ResolvedLayer] = []
        var created: [Timestamp] = []
        for instance in instances {
            if instance.descriptor.digest != root.digest {
                documents.append(ResolvedImage.Document(descriptor: instance.descriptor, bytes: instance.bytes))
            }
            documents.append(ResolvedImage.Document(descriptor: instance.manifest.config, bytes: instance.config))
            guard instance.manifest.config.mediaType.isImageConfig else {
                layers += instance.manifest.layers.map { ResolvedLayer(descriptor: $0, diffID: nil) }
                continue
            }
            let config = try ImageConfig(parsing: instance.config)
            try check(config, instance.manifest)
            created += [config.created.flatMap(Timestamp.init(rfc3339:))].compactMap(\.self)
            layers += zip(instance.manifest.layers, config.diffIDs).map { ResolvedLayer(descriptor: $0, diffID: $1) }
        }
        return ResolvedImage(
            entry: entry, root: root, documents: documents, manifests: instances.map(\.descriptor.digest),
            layers: layers, created: created.max(), provider: provider)
    }

    private func check(_ config: ImageConfig, _ manifest: ImageManifest) throws(BuildError) {
        guard config.diffIDs.count == manifest.layers.count else {
            throw BuildError(
                .source,
                "\(entry.key): \(manifest.layers.count) layers have \(config.diffIDs.count) diffIDs; the image is broken, "
                    + "push it again"
            )
        }
        guard let platforms, !platforms.contains(where: { config.platform.rank(for: $0) != nil }) else { return }
        throw BuildError(
            .notFound,
            "\(entry.key) is for \(config.platform) only, not for \(platforms.map(\.description).joined(separator: ", ")); "
                + "change 'platforms' of the spec or of the image")
    }
}
