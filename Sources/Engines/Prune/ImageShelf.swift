import OCI

/// An engine that knows images by names, and removes what is unpacked of them when nothing uses it any more.
protocol ImageShelf {
    /// Those of these images that are there.
    func heldImages(_ ids: Set<Digest>) throws -> [HeldImage]

    /// What only one image uses, in bytes; without those of which that is not known.
    func unsharedSizes() throws -> [Digest: Int64]

    /// Takes names from an image, and then the image itself where it has no others; never by force.
    ///
    /// - Throws: `EngineError` with code `inUse` where something uses the image.
    func release(_ names: [String], of image: HeldImage, wholly: Bool) throws
}

/// An image that is there.
struct HeldImage {
    let id: Digest
    /// Its names, as `Reference` spells them where they are such.
    let names: [String]
    /// The container that uses it; nil when none does.
    let user: String?
}

extension PruneRequest {
    /// Decides about each image; changes nothing.
    func plan(on shelf: some ImageShelf) throws -> [PruneStep] {
        let wanted = Set(brought.map(\.id)).subtracting(keptIDs)
        let held = Dictionary(try shelf.heldImages(wanted).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let sizes = held.isEmpty ? [:] : try shelf.unsharedSizes()
        return brought.map { step($0, held[$0.id], bytes: sizes[$0.id]) }
    }

    /// Decides about each image once more, right before it goes.
    func prune(on shelf: some ImageShelf) throws -> [PruneStep] {
        var steps: [PruneStep] = []
        for image in brought {
            try Task.checkCancellation()
            let held = try shelf.heldImages([image.id]).first
            let step = step(image, held, bytes: nil)
            do {
                if let held, step.isRemoval {
                    try shelf.release(step.names, of: held, wholly: step.result == .remove)
                }
                steps.append(step)
            } catch let error as EngineError where error.code == .inUse {
                steps.append(PruneStep(image, .inUse, reason: error.message))
            }
        }
        return steps
    }

    private func step(_ image: BroughtImage, _ held: HeldImage?, bytes: Int64?) -> PruneStep {
        guard !keptIDs.contains(image.id) else { return .current(image) }
        guard let held else { return PruneStep(image, .absent) }
        if let name = held.names.first(where: keptNames.contains) { return .awaited(image, by: name) }
        if let user = held.user {
            return PruneStep(
                image, .inUse, reason: "the container \(user) uses it; remove the container and prune again")
        }
        let others = held.names.filter { !image.isOwn($0) }
        guard let other = others.first else { return PruneStep(image, .remove, names: held.names, bytes: bytes) }
        // A name with a digest stays beside a tag of its repository: docker would take both away.
        let repositories = Set(others.compactMap(Reference.name(of:)))
        let names = held.names.filter { name in
            image.isOwn(name) && !(name.contains("@") && Reference.name(of: name).map(repositories.contains) ?? false)
        }
        return PruneStep(
            image, names.isEmpty ? .keep : .unname, names: names,
            reason: "it is also \(other), which no bundle brought")
    }
}

extension BroughtImage {
    /// Whether a load gave it a name; engines make names with digests by themselves in each repository.
    func isOwn(_ name: String) -> Bool {
        guard name.contains("@") else { return names.contains(name) }
        let repository = Reference.name(of: name)
        return names.contains { Reference.name(of: $0) == repository }
    }
}

extension Reference {
    /// Registry and repository of a name; nil of what is no reference.
    static func name(of name: String) -> String? { (try? Reference(parsing: name))?.name }

    /// A name as it is spelled here; what is no reference stays as it is.
    static func spelling(of name: String) -> String { (try? Reference(parsing: name))?.description ?? name }
}
