import BundleFormat
import BundleSpec
import Cryptography
import OCI
import Registry

/// Follows the images of a spec from their names to their layers.
///
/// Documents are small and held in memory.
struct Resolver: Sendable {
    let specification: Specification
    let client: RegistryClient
    let cache: BuildCache?
    private let shelf: SourceShelf

    /// - Parameters:
    ///   - specification: What is wanted.
    ///   - client: Reaches registries.
    ///   - environment: Where the docker daemon is named.
    ///   - cache: Where documents are kept, and what comes out of archives; nil for nowhere.
    init(
        specification: Specification, client: RegistryClient, environment: [String: String], cache: BuildCache?
    ) {
        self.specification = specification
        self.client = client
        self.cache = cache
        shelf = SourceShelf(cache: cache, trust: specification.trust, environment: environment)
    }

    /// How many images are resolved at a time.
    private static let width = 8

    /// The descriptors of all images and of what points to them, for a lock.
    func lock() async throws(BuildError) -> LockFile {
        let found = try await mapInParallel(specification.images, width: Self.width) { entry throws(BuildError) in
            do {
                let provider = try provider(of: entry)
                let root = try await provider.find()
                return (key: entry.key, root: root, referrers: try await referrers(of: entry, root, provider))
            } catch {
                throw BuildError(error, doing: "resolving the image \(entry.key)")
            }
        }
        return LockFile(
            images: Dictionary(found.map { ($0.key, $0.root) }, uniquingKeysWith: { first, _ in first }),
            referrers: Dictionary(found.map { ($0.key, $0.referrers) }, uniquingKeysWith: { first, _ in first }))
    }

    /// All images in the order of the spec, each with what points to it behind it.
    ///
    /// Their sizes add up within 64 bits, so nothing behind this needs to check sums of them.
    func images(_ lock: LockFile) async throws(BuildError) -> [ResolvedImage] {
        let images = try await mapInParallel(specification.images, width: Self.width) { entry throws(BuildError) in
            do {
                return try await image(entry, lock: lock)
            } catch {
                throw BuildError(error, doing: "reading the image \(entry.key)")
            }
        }
        let joined = Self.joined(images)
        try Self.checkSizes(joined)
        return joined
    }

    /// Refuses images whose layers claim more bytes in all than `maximumTotal`.
    static func checkSizes(_ images: [ResolvedImage]) throws(BuildError) {
        var total: Int64 = 0
        for image in images {
            for layer in image.layers {
                // Each is at most 2^42, so this sum cannot overflow before it is refused.
                total += layer.descriptor.size
                guard total <= Self.maximumTotal else {
                    throw BuildError(
                        .source,
                        "reading the image \(image.entry.key): with it, the layers claim to be larger than 2^60 bytes; "
                            + "no registry holds that, check where the image comes from")
                }
            }
        }
    }

    /// More than any medium holds; leaves room for sums of such sums.
    static let maximumTotal: Int64 = 1 << 60

    private func provider(of entry: ImageEntry) throws -> any ImageProvider {
        switch entry.source {
        case .registry(let reference): RegistryProvider(client: client, reference: reference)
        case .layout(let path, let name): try LayoutProvider(path: path, name: name)
        case .ociArchive(let path, let name):
            ArchiveProvider(
                store: shelf.archive(path), form: .layout, name: name.map { .annotation($0) } ?? .only, cache: cache)
        case .dockerArchive(let path, let name):
            ArchiveProvider(
                store: shelf.archive(path), form: .docker, name: name.map { .reference($0) } ?? .only, cache: cache)
        // The daemon gives this image alone.
        case .dockerDaemon(let reference):
            ArchiveProvider(
                store: try shelf.daemon(reference.description), form: .docker, name: .only, cache: cache)
        case .dockerImage(let digest):
            ArchiveProvider(store: try shelf.daemon(digest.description), form: .docker, name: .only, cache: cache)
        case .bundle(let path, let reference):
            BundleProvider(bundle: try shelf.bundle(path), reference: reference)
        }
    }

    /// For which platforms an image is taken.
    func platforms(of entry: ImageEntry) -> [Platform] { entry.platforms ?? specification.platforms }

    /// Whether what points to an image comes along.
    func wantsReferrers(_ entry: ImageEntry) -> Bool { (entry.referrers ?? specification.referrers) == .all }

    private func image(
        _ entry: ImageEntry, lock: LockFile
    ) async throws -> (image: ResolvedImage, attached: [ResolvedImage]) {
        guard let pinned = lock.descriptor(for: entry.key) else {
            throw BuildError(.lock, "the lock does not name \(entry.key); run 'bundle lock'")
        }
        let provider = try provider(of: entry)
        let root = try await rootDocument(of: entry, pinned, provider)
        let referrers = wantsReferrers(entry) ? lock.referrers(for: entry.key) : []
        var assembly = try ImageAssembly(entry: entry, root: pinned, bytes: root, platforms: platforms(of: entry))
        assembly.add(referrers)
        let image = try await assemble(assembly, provider)
        return (image, try await attachments(referrers, to: image, provider))
    }

    /// An image of its documents.
    func assemble(_ assembly: ImageAssembly, _ provider: any ImageProvider) async throws -> ResolvedImage {
        var instances: [ImageAssembly.Instance] = []
        for descriptor in assembly.selection {
            instances.append(try await instance(descriptor, of: assembly, provider))
        }
        return try assembly.image(instances, provider: provider)
    }

    private func instance(
        _ descriptor: Descriptor, of assembly: ImageAssembly, _ provider: any ImageProvider
    ) async throws -> ImageAssembly.Instance {
        let isRoot = descriptor.digest == assembly.root.digest
        let bytes = isRoot ? assembly.bytes : try await manifest(descriptor, provider)
        guard case .manifest(let document) = try ImageDocument(parsing: bytes, mediaType: descriptor.mediaType) else {
            throw BuildError(.source, "\(descriptor.digest) of \(assembly.entry.key) is no image manifest")
        }
        let config = try await config(document.config, provider)
        return ImageAssembly.Instance(descriptor: descriptor, bytes: bytes, manifest: document, config: config)
    }

    // Documents come from the cache, else from the source and then into the cache.

    func rootDocument(
        of entry: ImageEntry, _ pinned: Descriptor, _ provider: any ImageProvider
    ) async throws -> [UInt8] {
        if let bytes = cache?.document(pinned) { return bytes }
        let (found, bytes) = try await provider.root(pinned)
        guard found.digest == pinned.digest, found.mediaType == pinned.mediaType else {
            throw BuildError(.source, "\(entry.key) is \(found.digest), but the lock says \(pinned.digest)")
        }
        try cache?.store(document: bytes, pinned.digest)
        return bytes
    }

    func manifest(_ descriptor: Descriptor, _ provider: any ImageProvider) async throws -> [UInt8] {
        if let bytes = cache?.document(descriptor) { return bytes }
        let bytes = try await provider.document(descriptor)
        try cache?.store(document: bytes, descriptor.digest)
        return bytes
    }

    private func config(_ descriptor: Descriptor, _ provider: any ImageProvider) async throws -> [UInt8] {
        if let bytes = cache?.document(descriptor) { return bytes }
        let bytes = try await provider.config(descriptor)
        try cache?.store(document: bytes, descriptor.digest)
        return bytes
    }
}
