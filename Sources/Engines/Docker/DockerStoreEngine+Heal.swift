public import OCI

extension DockerStoreEngine {
    /// Removes the images that contain a layer in doubt by their names, without force; see `Engine`.
    public func heal(
        _ intents: [LoadIntent], waiting wait: Duration = .zero, whileWaiting: () -> Void = {}
    ) async throws -> [Digest] {
        guard !intents.isEmpty else { return [] }
        let containers = try client.containers()
        if let ctr {
            return try ContentHealer(ctr: ctr, snapshotter: host.driver).heal(intents) { containers[$0.digest] }
        }
        let doubtful = Set(intents.flatMap(\.diffIDsInDoubt))
        guard !doubtful.isEmpty else { return [] }
        let own = intents.map(\.imageID)
        var images: [StoredImage] = []
        // Broken ones are not listed, but answer to their digest.
        for id in Set(try client.images().ids + own) {
            guard let image = try client.image(id.description) else { continue }
            if own.contains(id) || image.diffIDs.contains(where: doubtful.contains) { images.append(image) }
        }
        for image in images {
            guard let container = containers[image.id] else { continue }
            throw EngineError(
                .inUse,
                "removing image \(image.names.first ?? image.id.description), which an interrupted load left incomplete: "
                    + "the container \(container) uses it; remove the container and run again")
        }
        for image in images {
            for name in image.names + [image.id.description] {
                try client.removeImage(name)
            }
        }
        return images.map(\.id)
    }
}
