import BundleFormat
import BundleSpec
import Console
import Cryptography
import DurableFiles
import OCI
import Synchronization

/// Brings the layers of images into the cache, several at a time, and checks each tar against its diffID.
struct LayerFetcher: Sendable {
    let cache: BuildCache
    let jobs: Int
    let progress: WorkListener

    /// Pulling waits for the network more than it computes.
    private static let minimumWidth = 4

    /// A blob that is needed, and one image that has it.
    private struct Need: Sendable {
        let layer: ResolvedLayer
        let image: String
        let provider: any ImageProvider

        /// For messages.
        var name: String { "layer \(layer.descriptor.digest) of \(image)" }
    }

    /// Fetches what is missing.
    ///
    /// - Parameters:
    ///   - images: The images whose layers are needed.
    ///   - checkRoom: Is called before anything is pulled, when no other build pulls any more.
    /// - Returns: What is known of each layer of files, by the digest of its blob.
    /// - Throws: `BuildError`, with `CacheDamage` as its cause when a blob had rotted: it is missing from now on.
    func fetch(
        _ images: [ResolvedImage], checkRoom: () throws(BuildError) -> Void
    ) async throws(BuildError) -> [Digest: LayerFacts] {
        let needs = try Self.needs(images)
        let lock = try await lock(isNeeded: !missing(needs).isEmpty)
        try checkRoom()
        // Again: the build that was waited for may have pulled the same.
        progress.phase("pull", missing(needs).map(\.layer.descriptor.size).total)
        let facts = try await mapInParallel(needs, width: max(jobs, Self.minimumWidth)) { need throws(BuildError) in
            do {
                try await transfer(need)
                return try check(need)
            } catch {
                throw BuildError(error, doing: "fetching \(need.name)")
            }
        }
        withExtendedLifetime(lock) {}
        var result: [Digest: LayerFacts] = [:]
        for (need, fact) in zip(needs, facts) { result[need.layer.descriptor.digest] = fact }
        return result
    }

    private func missing(_ needs: [Need]) -> [Need] {
        needs.filter { cache.blob($0.layer.descriptor.digest, size: $0.layer.descriptor.size) == nil }
    }

    /// Each blob once, with the diffID and size that all images must agree on.
    private static func needs(_ images: [ResolvedImage]) throws(BuildError) -> [Need] {
        var needs: [Need] = []
        var positions: [Digest: Int] = [:]
        for image in images {
            for layer in image.layers {
                let need = Need(layer: layer, image: image.entry.key, provider: image.provider)
                guard let position = positions[layer.descriptor.digest] else {
                    positions[layer.descriptor.digest] = needs.count
                    needs.append(need)
                    continue
                }
                let known = needs[position].layer
                // An artifact may name a layer's blob, and says nothing of its tar.
                let isAgreed = known.diffID == nil || layer.diffID == nil || known.diffID == layer.diffID
                guard known.descriptor.size == layer.descriptor.size, isAgreed else {
                    throw BuildError(
                        .source,
                        "\(need.name) has another size or diffID than in \(needs[position].image); one of the two is broken"
                    )
                }
                if known.diffID == nil { needs[position] = need }
            }
        }
        return needs
    }

    /// Partial blobs belong to one build at a time; another one waits.
    private func lock(isNeeded: Bool) async throws(BuildError) -> Directory? {
        guard isNeeded else { return nil }
        do {
            return try await cache.lock("partial") {
                progress.note("waiting for another build that pulls into the same cache")
            }
        } catch {
            throw BuildError(error, doing: "locking the build cache")
        }
    }

    private func transfer(_ need: Need) async throws {
        let descriptor = need.layer.descriptor
        guard cache.blob(descriptor.digest, size: descriptor.size) == nil else { return }
        let advance = progress.advance
        try await need.provider.fetch(descriptor, into: cache) { advance($0) }
    }

    /// The compression of a layer's blob, whose tar must have its diffID; nil for the blobs of artifacts.
    private func check(_ need: Need) throws -> LayerFacts? {
        guard let diffID = need.layer.diffID else { return nil }
        let descriptor = need.layer.descriptor
        if let known = cache.layer(descriptor.digest, diffID) { return known }
        guard let blob = cache.blob(descriptor.digest, size: descriptor.size) else {
            try cache.reject(blob: descriptor.digest)
        }
        let facts: LayerFacts
        do {
            facts = try LayerFacts(blob)
        } catch {
            // A blob that rotted in the cache is no fault of the image.
            try cache.check(blob: descriptor.digest, blob)
            throw BuildError(
                .source, "\(need.name) cannot be unpacked: \(error); the image is broken", cause: error)
        }
        guard facts.diffID == diffID else {
            try cache.check(blob: descriptor.digest, blob)
            throw BuildError(
                .source,
                "\(need.name) has a tar of \(facts.diffID) where the config says \(diffID); the image is broken")
        }
        try cache.store(facts, descriptor.digest)
        return facts
    }
}
