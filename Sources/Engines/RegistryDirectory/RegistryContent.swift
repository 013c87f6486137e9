import BundleFormat
import OCI

/// All that a registry holds of an image, but for tags.
struct RegistryContent {
    /// Indexes, manifests and configs, each once.
    let documents: [TargetImage.Document]
    /// The layers, each once; none that is a document too, as an artifact's empty layer may be.
    let layers: [BundleLayer]
    /// What the repositories need before a manifest may be seen: layers and configs.
    let layerLinks: [StorageLink]
    /// What makes manifests and the index be seen; children before the index.
    let revisionLinks: [StorageLink]
    /// The lists that must name a referrer; none for an image.
    let lists: [StoredList]

    init(_ image: TargetImage) {
        let manifests = image.instances.map(\.manifest)
        let configs = image.instances.map(\.config)
        var seen: Set<Digest> = []
        documents = (configs + manifests + [image.root]).filter { seen.insert($0.descriptor.digest).inserted }
        let all = image.instances.flatMap(\.layers)
        layers = all.filter { seen.insert($0.digest).inserted }
        let parts = Self.distinct(all.map(\.digest) + configs.map(\.descriptor.digest))
        let revisions = Self.distinct(manifests.map(\.descriptor.digest) + [image.root.descriptor.digest])
        let repositories = Self.distinct(image.image.names.map(\.repository))
        layerLinks = repositories.flatMap { repository in parts.map { .layer($0, in: repository) } }
        revisionLinks = repositories.flatMap { repository in revisions.map { .revision($0, in: repository) } }
        lists =
            image.listedSubject.map { subject in
                repositories.map { StoredList(subject: subject, repository: $0) }
            } ?? []
    }

    /// All blobs with their sizes.
    var blobs: [FileSum] {
        documents.map { FileSum(digest: $0.descriptor.digest, size: $0.descriptor.size) }
            + layers.map { FileSum(digest: $0.digest, size: $0.size) }
    }

    private static func distinct<Element: Hashable>(_ elements: [Element]) -> [Element] {
        var seen: Set<Element> = []
        return elements.filter { seen.insert($0).inserted }
    }
}
