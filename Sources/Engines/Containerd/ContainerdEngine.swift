public import BundleFormat
import DurableFiles
public import OCI

/// A namespace of containerd, fed through its own program.
///
/// Spec: docs/loading.md section 5.5. Every call blocks while containerd works; memory is that of one frame and its decoder.
public struct ContainerdEngine: Engine {
    let host: ContainerdHost
    private let name: String
    private let jobs: Int
    var ctr: Ctr { host.ctr }

    /// How long containerd may neither take nor give a byte.
    public static let idleLimit = Duration.seconds(30 * 60)

    /// Waits until containerd answers, and at most so long.
    ///
    /// - Parameters:
    ///   - place: Where it is.
    ///   - namespace: What gets the images.
    ///   - jobs: How many tasks may make a blob, each with about 10 MiB of memory; at most 2 do.
    ///   - wait: How long it may be absent, refuse, or not answer.
    ///   - idleLimit: How long it may neither take nor give a byte afterwards.
    ///   - retrying: Called with what was found each time that it is asked again, at least every six seconds.
    /// - Returns: The engine.
    /// - Throws: `EngineError` with code `unreachable` or `unsupported`; `CancellationError`.
    public static func connect(
        _ place: ContainerdPlace, namespace: String = ContainerdPlace.defaultNamespace, jobs: Int = 1,
        wait: Duration, idleLimit: Duration = idleLimit, retrying: (EngineError) -> Void = { _ in }
    ) async throws -> ContainerdEngine {
        try await waitForEngine("containerd", wait, retrying: retrying) { patience throws(EngineError) in
            // Its program would wait for a socket on its own, however long.
            try UnixSocket.check(place.socket)
            let host = try ContainerdHost(
                asking: Ctr(place.program, socket: place.socket, namespace: namespace, idleLimit: idleLimit),
                patience: Ctr(place.program, socket: place.socket, namespace: namespace, idleLimit: patience))
            return ContainerdEngine(host: host, name: place.name, jobs: min(jobs, 2))
        }
    }

    private init(host: ContainerdHost, name: String, jobs: Int) {
        self.host = host
        self.name = name
        self.jobs = jobs
    }

    /// As `containerd 1.6.20 (overlayfs, namespace k8s.io) at /run/containerd/containerd.sock`.
    public var description: String {
        let of = name == kind ? "" : " of \(name)"
        return "containerd \(host.version)\(of) (\(host.snapshotter), namespace \(ctr.namespace)) at \(ctr.socket)"
    }

    /// `containerd`.
    public var kind: String { "containerd" }

    /// What containerd runs.
    public var platform: Platform? { host.platform }

    /// Asks for names, blobs and what is unpacked; see `Engine`.
    public func plan(_ images: [TargetImage], reader: LayerReader) async throws -> LoadPlan {
        var planner = ContentPlanner(engine: kind, platform: host.platform, reader: reader, stored: try stored())
        for image in images { try planner.add(image) }
        return planner.plan
    }

    private func stored() throws(EngineError) -> StoredContent {
        let images = try ctr.images()
        let ready = try ctr.ready(snapshotter: host.snapshotter)
        let pinned = images.filter { $0.isPinned || !pinsNames }.map(\.name)
        return StoredContent(
            names: Dictionary(images.map { ($0.name, $0.digest) }, uniquingKeysWith: { first, _ in first }),
            ready: ready.intersection(pinned), blobs: Set(try ctr.blobs().keys),
            chains: try ctr.chains(snapshotter: host.snapshotter))
    }

    /// Only kubelet knows the label.
    private var pinsNames: Bool { ctr.namespace == ContainerdPlace.defaultNamespace }

    /// Imports one archive for each image, and pins its names; see `Engine`.
    ///
    /// The layers of an image are sent while the one before is unpacked, and nothing names them before that has ended.
    public func load(
        _ batch: [LoadStep], reader: LayerReader, progress: @escaping @Sendable (Int64) -> Void,
        begins: ([LoadStep]) throws -> Void, taken: ([LoadStep]) throws -> Void
    ) async throws {
        var unpacking: ImageImport?
        do {
            for step in batch where !step.isPresent && step.skipReason == nil {
                try begins([step])
                let next = try ImageImport(step, ctr: ctr, snapshotter: host.snapshotter, progress: progress)
                try await next.sendContent(reader, jobs: jobs)
                let unpacked = unpacking
                unpacking = nil
                try unpacked?.finish()
                try next.sendNames()
                unpacking = next
                if let unpacked { try pin(unpacked.step, taken) }
            }
        } catch {
            // What is wrong with one image leaves the one before as it is.
            if let unpacking, !(error is CancellationError), (try? unpacking.finish()) != nil {
                try pin(unpacking.step, taken)
            }
            throw error
        }
        if let unpacking {
            try unpacking.finish()
            try pin(unpacking.step, taken)
        }
    }

    private func pin(_ step: LoadStep, _ taken: ([LoadStep]) throws -> Void) throws {
        if pinsNames {
            do throws(EngineError) { for name in step.confirmedNames { try ctr.pin(name) } } catch {
                throw error.about(step)
            }
        }
        try taken([step])
    }

    /// Asks what each name stands for, and whether the image is whole and unpacked; see `Engine`.
    public func confirm(_ step: LoadStep) throws {
        guard step.skipReason == nil else { return }
        let names = step.confirmedNames
        let found = Dictionary(try ctr.images().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let ready = try ctr.ready(names, snapshotter: host.snapshotter)
        for name in names {
            let image = found[name]
            let complaint =
                image?.digest != step.imageID
                ? "the name \(name) stands for \(image?.digest.description ?? "nothing"), not for \(step.imageID)"
                : !ready.contains(name)
                    ? "the image of \(name) is not whole, or not unpacked"
                    : pinsNames && image?.isPinned != true ? "the name \(name) is not pinned" : nil
            guard let complaint else { continue }
            throw EngineError(
                .refused, "confirming \(step.image.image.reference) in containerd: \(complaint); load again")
        }
    }
}
