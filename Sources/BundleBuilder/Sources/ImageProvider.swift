import BundleSpec
import OCI
import Registry

/// Where one image's documents and blobs come from; everything it gives is compared with its digest.
protocol ImageProvider: Sendable {
    /// The index or manifest that the image's name stands for now.
    func find() async throws -> Descriptor

    /// The index or manifest that the image is pinned to.
    func root(_ pinned: Descriptor) async throws -> (descriptor: Descriptor, bytes: [UInt8])

    /// An image manifest.
    func document(_ descriptor: Descriptor) async throws -> [UInt8]

    /// A config.
    func config(_ descriptor: Descriptor) async throws -> [UInt8]

    /// Whether the source knows what points to its images.
    var listsReferrers: Bool { get }

    /// What points to a digest, as the source says; nothing of it is proved.
    func referrers(of digest: Digest) async throws -> [PinnedReferrer]

    /// Brings a layer's blob into the cache, which lacks it, and tells how many bytes came.
    func fetch(_ descriptor: Descriptor, into cache: BuildCache, advance: @escaping (Int64) -> Void) async throws
}

extension ImageProvider {
    var listsReferrers: Bool { false }

    func referrers(of digest: Digest) async throws -> [PinnedReferrer] { [] }

    /// Refuses what is no longer what the lock names.
    func check(_ found: Descriptor, _ pinned: Descriptor, in place: String) throws(BuildError) {
        guard found.digest == pinned.digest else {
            throw BuildError(
                .lock,
                "\(place) has \(found.digest) where the lock has \(pinned.digest); run 'bundle lock' if the change is wanted"
            )
        }
    }
}

/// An image in a registry.
struct RegistryProvider: ImageProvider {
    let client: RegistryClient
    let reference: Reference

    func find() async throws -> Descriptor { try await client.resolve(reference).descriptor }

    func root(_ pinned: Descriptor) async throws -> (descriptor: Descriptor, bytes: [UInt8]) {
        try await client.resolve(reference.pinned(to: pinned.digest))
    }

    func document(_ descriptor: Descriptor) async throws -> [UInt8] {
        try await client.document(descriptor, in: reference)
    }

    func config(_ descriptor: Descriptor) async throws -> [UInt8] { try await client.config(descriptor, in: reference) }

    var listsReferrers: Bool { true }

    func referrers(of digest: Digest) async throws -> [PinnedReferrer] {
        let listed = try await client.referrers(of: digest, in: reference)
        var found = listed.filter { $0.mediaType.isIndex || $0.mediaType.isManifest }.map { PinnedReferrer($0) }
        for suffix in ReferrerTag.cosignSuffixes {
            let tag = ReferrerTag.cosign(suffix, of: digest)
            guard let tagged = try await client.find(tag, in: reference) else { continue }
            found.append(PinnedReferrer(tagged.descriptor, tag: tag))
        }
        return found
    }

    func fetch(_ descriptor: Descriptor, into cache: BuildCache, advance: @escaping (Int64) -> Void) async throws {
        let sink = try PartialBlob(descriptor, cache: cache.directory, advance: advance)
        try await client.fetchBlob(descriptor, in: reference, into: sink)
    }
}
