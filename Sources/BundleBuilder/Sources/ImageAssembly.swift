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
    /// The manifests that are taken, in the order of the index: those for the wanted platforms.
    private(set) var selection: [Descriptor]
    /// What BuildKit says of these manifests in the same index: provenance and SBOMs.
    let attestations: [Descriptor]
    /// What a lone manifest must be for; nil where an index has said so.
    private let platforms: [Platform]?
    private let isReferrer: Bool

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
        isReferrer = false
        switch try ImageDocument(parsing: bytes, mediaType: root.mediaType) {
        case .manifest:
            selection = [root]
            attestations = []
            self.platforms = platforms
        case .index(let index):
            let selection = try Self.selection(of: index, platforms, entry)
            let selected = Set(selection.map(\.digest.description))
            self.selection = selection
            attestations = index.manifests.filter {
                $0.mediaType.isManifest && $0.attested.map(selected.contains) ?? false
            }
            self.platforms = nil
        }
    }

    /// Takes all manifests of a referrer, whatever they are for.
    ///
    /// - Throws: `BuildError` with code `source` when there is none, or `OCIError`.
    init(referrer entry: ImageEntry, root: Descriptor, bytes: [UInt8]) throws {
        self.entry = entry
        self.root = root
        self.bytes = bytes
        isReferrer = true
        attestations = []
        platforms = nil
        switch try ImageDocument(parsing: bytes, mediaType: root.mediaType) {
        case .manifest: selection = [root]
        case .index(let index):
            var seen: Set<Digest> = []
            selection = index.manifests.filter { seen.insert($0.digest).inserted }
            guard !selection.isEmpty else {
                throw BuildError(
                    .source,
                    "\(entry.key) is an index that lists nothing; take the image that it points to with 'referrers: none'"
                )
            }
        }
    }

    /// Takes the attestations that a lock names as well.
    mutating func add(_ pinned: [PinnedReferrer]) {
        let wanted = Set(pinned.map(\.descriptor.digest))
        let added = attestations.filter { wanted.contains($0.digest) }
        guard !added.isEmpty, case .index(let index)? = try? ImageDocument(parsing: bytes, mediaType: root.mediaType)
        else { return }
        var taken = Set((selection + added).map(\.digest))
        selection = index.manifests.filter { taken.remove($0.digest) != nil }
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
            layers: layers, created: isReferrer ? nil : created.max(), isReferrer: isReferrer, provider: provider)
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
