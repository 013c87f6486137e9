public import BundleFormat
public import OCI

/// A docker daemon that keeps images in the store of containerd, behind its unix socket.
///
/// Spec: docs/loading.md section 5.3. Every call blocks while the daemon works; memory is that of one frame and its decoder.
public struct DockerStoreEngine: Engine {
    let host: DockerHost
    /// Sees the blobs of the store; nil where it is not there, or is another containerd's.
    let ctr: Ctr?
    private let directories: [String]
    var client: DockerClient { host.client }

    /// - Throws: `EngineError` when the containerd that was found does not answer any more.
    init(_ host: DockerHost, ctr: Ctr?) throws(EngineError) {
        self.host = host
        self.ctr = ctr
        directories =
            try ctr?.directories(snapshotter: host.driver)
            ?? ["/var/lib/containerd", host.rootDirectory + "/containerd", host.rootDirectory]
    }

    /// As `docker 28.5.2 (overlayfs, containerd store) at /run/docker.sock`.
    public var description: String {
        "docker \(host.version) (\(host.driver), containerd store\(ctr == nil ? "" : " seen by ctr")) at \(client.path)"
    }

    /// `docker`.
    public var kind: String { "docker" }

    /// What the daemon runs.
    public var platform: Platform? { host.platform }

    /// Asks for the daemon's images, and for blobs where that can be; see `Engine`.
    public func plan(_ images: [TargetImage], reader: LayerReader) async throws -> LoadPlan {
        let listed = try client.storedImages(withManifests: host.listsManifests)
        var planner = ContentPlanner(
            engine: kind, platform: host.platform, reader: reader, stored: try stored(images, listed))
        for image in images { try planner.add(image) }
        return planner.plan
    }

    /// What names stand for, and what of these images is whole.
    private func whole(_ images: [TargetImage], _ listed: [ListedImage]) -> StoredContent {
        var stored = StoredContent()
        for image in listed { for name in image.names { stored.names[name] = image.digest } }
        for image in images {
            guard let found = listed.first(where: { $0.digest == image.root.descriptor.digest }),
                image.instances.allSatisfy({ found.has($0.manifest.descriptor.digest) })
            else { continue }
            stored.ready.formUnion(found.names)
            stored.blobs.formUnion(image.instances.flatMap(\.layers).map(\.digest))
        }
        return stored
    }

    /// What of these images is there; a blob counts when an image brings it, or the store shows it.
    private func stored(_ images: [TargetImage], _ listed: [ListedImage]) throws -> StoredContent {
        var stored = whole(images, listed)
        stored.knowsAllBlobs = ctr != nil
        if let ctr, !listed.isEmpty {
            // With nothing listed it might be anybody's.
            stored.blobs.formUnion(try ctr.blobs().keys)
            stored.chains = try ctr.chains(snapshotter: host.driver)
        } else {
            for image in listed where image.available?.isEmpty != true {
                let diffIDs = try client.image(image.digest.description)?.diffIDs ?? []
                stored.chains.formUnion(ChainID.chains(of: diffIDs))
            }
        }
        return stored
    }

    /// Sends one archive for each image; see `Engine`.
    public func load(
        _ batch: [LoadStep], reader: LayerReader, progress: @escaping @Sendable (Int64) -> Void,
        begins: ([LoadStep]) throws -> Void, taken: ([LoadStep]) throws -> Void
    ) async throws {
        for step in batch where !step.isPresent && step.skipReason == nil {
            try begins([step])
            let archive = step.contentArchive
            do {
                try unsafe client.load(size: archive.size, progress: progress) { try unsafe archive.write(reader, $0) }
            } catch let error as EngineError {
                throw error.about(step)
            }
            try taken([step])
        }
    }

    /// Asks what each name stands for, and whether the daemon calls the image whole; see `Engine`.
    public func confirm(_ step: LoadStep) throws {
        guard step.skipReason == nil else { return }
        let stored = whole([step.image], try client.storedImages(withManifests: host.listsManifests))
        for name in step.confirmedNames {
            let complaint =
                stored.names[name] != step.imageID
                ? "the name \(name) stands for \(stored.names[name]?.description ?? "nothing"), not for \(step.imageID)"
                : !stored.ready.contains(name) ? "the image of \(name) is not whole" : nil
            guard let complaint else { continue }
            throw EngineError(.refused, "confirming \(step.image.image.reference) in docker: \(complaint); load again")
        }
    }

    /// Compares with what is free where the store lies, if that can be seen from here; see `Engine`.
    public func checkRoom(for plan: LoadPlan) async throws {
        try StorageVolumes(directories).check(for: kind, plan, sent: plan.bytesToSend)
    }

    /// Syncs the volumes of the store, or all where they cannot be seen from here; see `Engine`.
    public func sync() throws { try StorageVolumes(directories).sync() }
}
