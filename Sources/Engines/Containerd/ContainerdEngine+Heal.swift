public import OCI

extension ContainerdEngine {
    /// Removes the images that contain a layer in doubt, then what is unpacked of it, and its blobs; see `Engine`.
    public func heal(
        _ intents: [LoadIntent], waiting wait: Duration = .zero, whileWaiting: () -> Void = {}
    ) async throws -> [Digest] {
        let containers = try ctr.containers()
        return try ContentHealer(ctr: ctr, snapshotter: host.snapshotter).heal(intents) { image in
            containers.first { $0.image == image.name }?.id
        }
    }
}

/// Removes from a namespace what interrupted loads left.
struct ContentHealer {
    let ctr: Ctr
    let snapshotter: String

    /// Removes the images that contain a layer in doubt, then what is unpacked of it, and its blobs.
    ///
    /// - Parameters:
    ///   - intents: The loads.
    ///   - user: The container that uses an image; nil when none does.
    /// - Returns: The digests of the images.
    /// - Throws: `EngineError`, with code `inUse` before anything is removed, or when chains are still held.
    func heal(_ intents: [LoadIntent], user: (Ctr.Image) -> String?) throws -> [Digest] {
        let doubt = Doubt(intents)
        guard !doubt.diffIDs.isEmpty else { return [] }
        let images = try ctr.images()
        let doubtful = try digests(of: images, in: doubt, besides: Set(intents.map(\.imageID)))
        let names = images.filter { doubtful.contains($0.digest) }.map(\.name)
        for image in images where doubtful.contains(image.digest) {
            guard let container = user(image) else { continue }
            throw EngineError(
                .inUse,
                "removing image \(image.name), which an interrupted load left incomplete: the container \(container) "
                    + "uses it; remove the container and run again")
        }
        if !names.isEmpty { try ctr.remove(names: names) }
        try removeChains(doubt)
        // What an import that was killed still holds, as it holds it for a day.
        for (blob, diffID) in try ctr.blobs() where doubt.diffIDs.contains(diffID ?? DiffID(blob)) {
            try ctr.remove(blob)
        }
        return images.map(\.digest).filter { doubtful.contains($0) }.reduce(into: []) { found, digest in
            if !found.contains(digest) { found.append(digest) }
        }
    }

    /// What cannot be believed.
    private struct Doubt {
        /// The layers that were to be written.
        var diffIDs: Set<DiffID> = []
        /// Their chains with the reference that they were loaded for, the highest first.
        let chains: [(chain: ChainID, reference: String)]

        init(_ intents: [LoadIntent]) {
            var found: [ChainID: (height: Int, reference: String)] = [:]
            for intent in intents {
                diffIDs.formUnion(intent.diffIDsInDoubt)
                for (height, chain) in intent.chainsInDoubt {
                    found[chain] = (height, intent.reference)
                }
            }
            chains = found.sorted { ($0.value.height, $0.key) > ($1.value.height, $1.key) }
                .map { ($0.key, $0.value.reference) }
        }
    }

    /// The images that contain a layer in doubt.
    private func digests(of images: [Ctr.Image], in doubt: Doubt, besides own: Set<Digest>) throws -> Set<Digest> {
        var found: Set<Digest> = []
        var asked: Set<Digest> = []
        for image in images where asked.insert(image.digest).inserted {
            try Task.checkCancellation()
            if try own.contains(image.digest) || contains(image.digest, image.mediaType, doubt) {
                found.insert(image.digest)
            }
        }
        return found
    }

    /// Whether a document leads to a layer in doubt; one that is absent or damaged leads nowhere.
    private func contains(_ digest: Digest, _ mediaType: MediaType, _ doubt: Doubt) throws(EngineError) -> Bool {
        guard let bytes = try ctr.content(digest),
            let document = try? ImageDocument(parsing: bytes, mediaType: mediaType)
        else { return false }
        switch document {
        case .index(let index):
            for child in index.manifests where child.mediaType.isManifest {
                if try contains(child.digest, child.mediaType, doubt) { return true }
            }
            return false
        case .manifest(let manifest):
            guard manifest.config.mediaType.isImageConfig, let bytes = try ctr.content(manifest.config.digest),
                let config = try? ImageConfig(parsing: bytes)
            else { return false }
            return config.diffIDs.contains(where: doubt.diffIDs.contains)
        }
    }

    /// Removes what is unpacked and no image holds.
    private func removeChains(_ doubt: Doubt) throws(EngineError) {
        let unpacked = try ctr.chains(snapshotter: snapshotter)
        for (chain, reference) in doubt.chains where unpacked.contains(chain) {
            do throws(EngineError) { try ctr.remove(chain, snapshotter: snapshotter) } catch {
                throw EngineError(
                    .inUse,
                    "removing layers that an interrupted load of \(reference) left: the chain \(chain) is still there: "
                        + "\(error.message); remove the containers that use it, and run again", cause: error)
            }
        }
    }
}
