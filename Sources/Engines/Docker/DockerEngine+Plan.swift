public import BundleFormat
import OCI

extension DockerEngine {
    /// Asks for the daemon's images, and for their layers where something is missing; see `Engine`.
    public func plan(_ images: [TargetImage], reader: LayerReader) async throws -> LoadPlan {
        var planner = Planner(engine: self, reader: reader, known: try client.images())
        for image in images { try planner.add(image) }
        return planner.plan
    }
}

/// Plans one image after another: what an earlier one sends is present for a later one.
private struct Planner {
    let engine: DockerEngine
    let reader: LayerReader
    var known: (ids: [Digest], names: [Reference: Digest])
    /// Asked for when the first image is missing.
    private var chains: Set<ChainID>?
    private var steps: [LoadStep] = []
    private var unpacked: Int64 = 0
    private var largest: Int64 = 0

    init(engine: DockerEngine, reader: LayerReader, known: (ids: [Digest], names: [Reference: Digest])) {
        self.engine = engine
        self.reader = reader
        self.known = known
    }

    var plan: LoadPlan {
        LoadPlan(
            batches: steps.map { [$0] },
            // Files and directories take whole blocks, and the archive lies in the daemon's temporary directory meanwhile.
            room: LoadPlan.Room(bytes: unpacked + unpacked / 10 + largest, inodes: unpacked / (8 << 10)))
    }

    mutating func add(_ image: TargetImage) throws {
        guard let instance = try image.instance(for: engine.host.platform) else {
            return steps.append(image.leftOut(as: image.instances[0].config.descriptor.digest, by: engine.kind))
        }
        steps.append(try step(image, instance))
    }

    private mutating func step(_ image: TargetImage, _ instance: TargetImage.Instance) throws -> LoadStep {
        let imageID = instance.config.descriptor.digest
        let names = try names(of: image, imageID)
        let new = names.filter { $0.action == .set }.map(\.reference.withoutDigest)
        if try isKnown(imageID, instance.diffIDs) {
            return LoadStep(
                image: image, imageID: imageID, missing: [], presentCount: instance.layers.count,
                isPresent: new.isEmpty, bytesToSend: 0, names: names)
        }
        let own = ChainID.chains(of: instance.diffIDs)
        let present = try presentChains()
        let presentCount = own.prefix { present.contains($0) }.count
        chains?.formUnion(own)
        known.ids.append(imageID)
        var seen: Set<Digest> = []
        var missing: [BundleLayer] = []
        for layer in instance.layers.dropFirst(presentCount) {
            let form = try engine.forms.form(of: layer, reader: reader)
            guard seen.insert(form.digest).inserted else { continue }
            missing.append(layer)
            unpacked += form.unpackedSize
        }
        let archive = try engine.archive(instance, presentCount, new, reader)
        largest = max(largest, archive.size)
        return LoadStep(
            image: image, imageID: imageID, missing: missing, presentCount: presentCount, isPresent: false,
            bytesToSend: archive.size, names: names)
    }

    /// Whether an image is there, or will be.
    private func isKnown(_ imageID: Digest, _ diffIDs: [DiffID]) throws -> Bool {
        guard known.ids.contains(imageID) else { return false }
        if steps.contains(where: { $0.imageID == imageID && $0.skipReason == nil && $0.bytesToSend > 0 }) {
            return true
        }
        return try engine.client.image(imageID.description)?.diffIDs == diffIDs
    }

    /// The chains that images stand on, or will stand on.
    private mutating func presentChains() throws -> Set<ChainID> {
        if let chains { return chains }
        var found: Set<ChainID> = []
        for id in known.ids {
            // One that has gone meanwhile holds nothing.
            guard let image = try engine.client.image(id.description) else { continue }
            found.formUnion(ChainID.chains(of: image.diffIDs))
        }
        chains = found
        return found
    }

    private mutating func names(of image: TargetImage, _ imageID: Digest) throws -> [LoadStep.Name] {
        try image.image.names.map { name in
            guard name.tag != nil else {
                return LoadStep.Name(name, .unsupported("\(engine.kind) keeps no digest for an image that was loaded"))
            }
            let plain = name.withoutDigest
            let action: LoadStep.Name.Action
            if let current = known.names[plain] {
                action =
                    current == imageID
                    ? .present
                    : try image.image.tagPolicy.action(orThrow: image.nameTaken("\(name)", by: current))
            } else {
                action = .set
            }
            if action != .keep { known.names[plain] = imageID }
            return LoadStep.Name(name, action)
        }
    }
}
