import OCI

extension ContainerdEngine: ImageShelf {
    /// Asks for the namespace's names, containers and what they stand on; see `Engine`.
    public func planPruning(_ request: PruneRequest) async throws -> [PruneStep] { try request.plan(on: self) }

    /// Removes names; containerd removes what nothing refers to any more; see `Engine`.
    public func prune(_ request: PruneRequest) async throws -> [PruneStep] { try request.prune(on: self) }

    func heldImages(_ ids: Set<Digest>) throws -> [HeldImage] {
        let images = try ctr.images().filter { ids.contains($0.digest) }
        guard !images.isEmpty else { return [] }
        let containers = try ctr.containers()
        let users = try ctr.users(snapshotter: host.snapshotter)
        var held: [HeldImage] = []
        for (id, images) in Dictionary(grouping: images, by: \.digest).sorted(by: { $0.key < $1.key }) {
            let names = images.map(\.name)
            var user = containers.first { names.contains($0.image) }?.id
            // A container keeps standing on its layers when its image's name moves.
            if user == nil, !users.isEmpty {
                user = try chains(of: id, images[0].mediaType).lazy.compactMap { users[$0] }.first
            }
            held.append(
                HeldImage(id: id, names: names.filter { !Self.isAlias($0) }.map(Reference.spelling), user: user))
        }
        return held
    }

    /// Containerd does not tell.
    func unsharedSizes() throws -> [Digest: Int64] { [:] }

    func release(_ names: [String], of image: HeldImage, wholly: Bool) throws {
        let own = Set(names)
        let going = try ctr.images().filter { found in
            guard found.digest == image.id else { return false }
            return Self.isAlias(found.name) ? wholly : own.contains(Reference.spelling(of: found.name))
        }
        if !going.isEmpty { try ctr.remove(names: going.map(\.name)) }
    }

    /// Whether a name is what containerd's part for kubelet calls each image: its ID.
    private static func isAlias(_ name: String) -> Bool { (try? Digest(parsing: name)) != nil }

    /// The chains of all layers of an image, for each of its platforms that is there.
    private func chains(of digest: Digest, _ mediaType: MediaType) throws(EngineError) -> [ChainID] {
        guard let bytes = try ctr.content(digest),
            let document = try? ImageDocument(parsing: bytes, mediaType: mediaType)
        else { return [] }
        switch document {
        case .index(let index):
            var chains: [ChainID] = []
            for child in index.manifests where child.mediaType.isManifest {
                chains += try self.chains(of: child.digest, child.mediaType)
            }
            return chains
        case .manifest(let manifest):
            guard manifest.config.mediaType.isImageConfig, let bytes = try ctr.content(manifest.config.digest),
                let config = try? ImageConfig(parsing: bytes)
            else { return [] }
            return ChainID.chains(of: config.diffIDs).suffix(1)
        }
    }
}
