import OCI
import StrictJSON

extension DockerEngine: ImageShelf {
    /// Asks for each image, its names and its containers; see `Engine`.
    public func planPruning(_ request: PruneRequest) async throws -> [PruneStep] { try request.plan(on: self) }

    /// Removes names, then images without one, by the daemon; see `Engine`.
    public func prune(_ request: PruneRequest) async throws -> [PruneStep] { try request.prune(on: self) }

    func heldImages(_ ids: Set<Digest>) throws -> [HeldImage] {
        try client.heldImages(ids) { names in
            // Those with digests come and go with the tags of their repository.
            let repositories = Set(names.filter { $0.digest == nil }.map(\.name))
            return names.filter { $0.digest == nil || !repositories.contains($0.name) }
        }
    }

    func unsharedSizes() throws -> [Digest: Int64] { try client.unsharedSizes() }

    func release(_ names: [String], of image: HeldImage, wholly: Bool) throws {
        for name in names where !name.contains("@") { try client.removeImage(name) }
        // One that has tags left goes by its ID only by force.
        if wholly, try client.image(image.id.description) != nil { try client.removeImage(image.id.description) }
    }
}

extension DockerStoreEngine: ImageShelf {
    /// Asks for each image, its names and its containers; see `Engine`.
    public func planPruning(_ request: PruneRequest) async throws -> [PruneStep] { try request.plan(on: self) }

    /// Removes names, then images without one, by the daemon; see `Engine`.
    public func prune(_ request: PruneRequest) async throws -> [PruneStep] { try request.prune(on: self) }

    func heldImages(_ ids: Set<Digest>) throws -> [HeldImage] { try client.heldImages(ids) { $0 } }

    func unsharedSizes() throws -> [Digest: Int64] { try client.unsharedSizes() }

    func release(_ names: [String], of image: HeldImage, wholly: Bool) throws {
        for name in names { try client.removeImage(name) }
        if wholly, try client.image(image.id.description) != nil { try client.removeImage(image.id.description) }
    }
}

extension DockerClient {
    /// Takes a name from an image, or removes one by its ID; never by force, and an absent one is fine.
    ///
    /// - Throws: `EngineError` with code `inUse` and what the daemon said where something uses the image.
    func removeImage(_ name: String) throws(EngineError) {
        let response = try request("DELETE", "/images/\(Self.encoded(name))?noprune=1")
        switch response.status {
        case 404: return
        case 409: throw EngineError(.inUse, message(response))
        default: try check(response, "removing image \(name)")
        }
    }

    /// Those of these images that are there, with those of their names that `choose` leaves.
    fileprivate func heldImages(
        _ ids: Set<Digest>, choose: ([Reference]) -> [Reference]
    ) throws(EngineError) -> [HeldImage] {
        let containers = ids.isEmpty ? [:] : try containers()
        var held: [HeldImage] = []
        for id in ids.sorted() {
            // A name of 64 digits may look like an ID.
            guard let image = try image(id.description), image.id == id else { continue }
            let references = image.names.map { try? Reference(parsing: $0) }
            let unknown = zip(image.names, references).filter { $0.1 == nil }.map(\.0)
            let names = choose(references.compactMap(\.self)).map(\.description)
            held.append(HeldImage(id: id, names: names + unknown, user: containers[id]))
        }
        return held
    }

    /// What only one image uses, as the daemon reckons.
    fileprivate func unsharedSizes() throws(EngineError) -> [Digest: Int64] {
        guard let usage = try get("/system/df?type=image") else { return [:] }
        return try reading("the room of images") { () throws(JSONError) in
            var sizes: [Digest: Int64] = [:]
            for image in try usage.optional("Images")?.elements() ?? [] {
                // Below zero where it was not reckoned.
                guard case .integer(let size)? = try image.optional("Size")?.value,
                    case .integer(let shared)? = try image.optional("SharedSize")?.value, size >= shared, shared >= 0
                else { continue }
                // Podman leaves the algorithm out here.
                let text = try image.member("Id").string()
                guard let id = (try? Digest(parsing: text)) ?? Digest(hex: text) else { continue }
                sizes[id] = size - shared
            }
            return sizes
        }
    }
}
