import BundleFormat
import OCI

/// Plans for a store that keeps images as registries know them: what an earlier image sends is present for a later one.
struct ContentPlanner {
    /// As `containerd`.
    let engine: String
    /// What it runs.
    let platform: Platform
    let reader: LayerReader
    private(set) var stored: StoredContent
    private(set) var steps: [LoadStep] = []
    private var sent: Int64 = 0
    private var unpacked: Int64 = 0

    init(engine: String, platform: Platform, reader: LayerReader, stored: StoredContent) {
        self.engine = engine
        self.platform = platform
        self.reader = reader
        self.stored = stored
    }

    /// The plan of what was added.
    var plan: LoadPlan {
        LoadPlan(
            byPriority: steps,
            // Blobs stay beside what is unpacked; files and directories take whole blocks.
            room: LoadPlan.Room(bytes: sent + unpacked + unpacked / 10, inodes: unpacked / (8 << 10)))
    }

    /// Plans one image.
    ///
    /// - Throws: `EngineError` with code `notFound`, `refused` or `nameTaken`; `BundleError`.
    mutating func add(_ image: TargetImage) throws {
        guard let instance = try image.instance(for: platform) else {
            return steps.append(image.leftOut(as: image.root.descriptor.digest, by: engine))
        }
        steps.append(try step(image, instance))
    }

    private mutating func step(_ image: TargetImage, _ instance: TargetImage.Instance) throws -> LoadStep {
        let root = image.root.descriptor.digest
        let names = try image.image.names.map { LoadStep.Name($0, try action($0, image)) }
        let isNamed = names.allSatisfy { $0.action != .set } && image.digestNames.allSatisfy { isReady($0, root) }
        let chains = ChainID.chains(of: instance.diffIDs)
        let presentCount = zip(instance.layers, chains).prefix { layer, chain in
            stored.chains.contains(chain) && (stored.blobs.contains(layer.digest) || !stored.knowsAllBlobs)
        }.count
        var step = LoadStep(
            image: image, imageID: root, missing: [], presentCount: presentCount, isPresent: true, bytesToSend: 0,
            names: names)
        if !isNamed || !image.instances.flatMap(\.layers).allSatisfy({ stored.blobs.contains($0.digest) }) {
            var missing: [BundleLayer] = []
            for layer in instance.layers where stored.blobs.insert(layer.digest).inserted { missing.append(layer) }
            for (layer, chain) in zip(instance.layers, chains) where stored.chains.insert(chain).inserted {
                let size = try reader.streamSize(of: layer)
                if case .verbatim = layer.encoding { unpacked += 2 * size } else { unpacked += size }
            }
            step = LoadStep(
                image: image, imageID: root, missing: missing, presentCount: presentCount, isPresent: false,
                bytesToSend: 0, names: names)
            step = step.sending(step.contentArchive.size)
            sent += step.bytesToSend
        }
        for name in step.contentNames {
            stored.names[name] = root
            stored.ready.insert(name)
        }
        return step
    }

    private func isReady(_ name: String, _ root: Digest) -> Bool {
        stored.names[name] == root && stored.ready.contains(name)
    }

    private func action(_ reference: Reference, _ image: TargetImage) throws(EngineError) -> LoadStep.Name.Action {
        let root = image.root.descriptor.digest
        guard reference.tag != nil else {
            return isReady("\(reference.name)@\(root)", root) ? .present : .set
        }
        let name = reference.withoutDigest.description
        guard let current = stored.names[name], current != root else {
            return isReady(name, root) ? .present : .set
        }
        return try image.image.tagPolicy.action(orThrow: image.nameTaken(name, by: current))
    }
}

extension LoadStep {
    /// The archive that brings what is missing, and sets the names.
    var contentArchive: ImageArchive {
        ImageArchive(image, missing: Set(missing.map(\.digest)), names: contentNames)
    }

    fileprivate func sending(_ bytes: Int64) -> LoadStep {
        LoadStep(
            image: image, imageID: imageID, missing: missing, presentCount: presentCount, isPresent: isPresent,
            bytesToSend: bytes, names: names, skipReason: skipReason)
    }
}
