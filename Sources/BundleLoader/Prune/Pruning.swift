import BundleFormat
public import Console
public import Engines
import OCI

/// Takes out of a target what older bundles brought and no current one names: first the plan, then the deed.
///
/// Spec: docs/loading.md section 10. Killing it at any moment harms nothing that stays; the next run does the rest.
public struct Pruning: Sendable {
    /// What the target is, for people.
    public let target: String
    /// What becomes of each image that was brought.
    public let steps: [PruneStep]
    /// What people should know before they agree.
    public let notes: [String]
    private let engine: any Engine
    private let request: PruneRequest
    private let journal: Journal?
    private let markers: ReadyMarkers?
    private let keptReferences: Set<String>
    private let receipt: PruneReceipt
    /// Keeps loaders away as long as this lives.
    private let state: StateDirectory?

    /// Verifies the bundles, reads the journal and asks the target; changes nothing.
    ///
    /// - Throws: `LoadError`; `notFound` when nothing tells what was loaded.
    public init(_ options: PruneOptions, listener: WorkListener) async throws(LoadError) {
        let started = Timestamp.now
        state = try StateDirectory(existing: options.statePath)
        guard state != nil || !options.old.isEmpty else {
            throw LoadError(
                .notFound,
                "pruning: there is no state directory \(options.statePath) that tells what was loaded; name the right one "
                    + "with --state, or the older bundles with --old")
        }
        try state?.lock(waiting: options.wait) { listener.advance(0) }
        let bundles = try PrunedBundles(
            options, floors: state.map { FloorStore(in: $0.directory) }, listener: listener)
        do {
            let (found, reason) = try EngineSearch().find(options.target)
            if let reason { listener.note("target: \(found), since \(reason)") }
            engine = try await found.engine(waiting: options.wait, jobs: 1) { listener.advance(0) }
            target = engine.description
            journal = try state.flatMap { state throws(LoadError) in
                try Journal(existing: state.directory, target: found.journalName)
            }
            markers = try state.flatMap { state throws(LoadError) in
                try ReadyMarkers(of: found.journalName, in: state.directory)
            }
            let known = try Known(bundles, try journal?.entries() ?? [], holdsOnePlatform: engine.platform != nil)
            request = known.request
            steps = known.others + (try await engine.planPruning(known.request))
            receipt = PruneReceipt(
                started: started, current: bundles.current,
                target: Receipt.Target(kind: engine.kind, description: engine.description), steps: steps)
        } catch {
            throw LoadError(wrapping: error)
        }
        keptReferences = bundles.keptReferences
        notes = bundles.notes
    }

    /// Removes what the plan says, makes it durable, leaves a receipt, and lets the journal forget it.
    ///
    /// - Returns: What has become of each image, and why not all is well: code `engine` where images stayed in use.
    /// - Throws: `LoadError`.
    public func run() async throws(LoadError) -> (steps: [PruneStep], failure: LoadError?) {
        var receipt = receipt
        do {
            receipt.steps = try await remove()
        } catch {
            receipt.failure = LoadError(wrapping: error)
            try log(receipt, isDone: false)
            throw LoadError(wrapping: error)
        }
        let held = receipt.steps.filter { $0.result == .inUse }
        if !held.isEmpty {
            receipt.failure = LoadError(
                .engine,
                "pruning: \(Text.count(held.count, "image")) of older bundles stayed in use; remove what uses them, "
                    + "and prune again")
        }
        // Before the journal forgets them: no image leaves it that no receipt names.
        try log(receipt, isDone: true)
        let gone = receipt.steps.filter { $0.isRemoval || $0.result == .absent }
        try unmark(gone, besides: receipt.steps.filter { !$0.isRemoval && $0.result != .absent })
        for step in gone { try journal?.remove(step.image.id) }
        return (receipt.steps, receipt.failure)
    }

    /// Removes what the plan says, durably.
    private func remove() async throws -> [PruneStep] {
        let going = Set(steps.filter(\.isRemoval).map(\.image.id))
        guard !going.isEmpty else { return steps }
        var request = request
        request.brought.removeAll { !going.contains($0.id) }
        var done: [Digest: PruneStep] = [:]
        for step in try await engine.prune(request) { done[step.image.id] = step }
        // After a power cut, what was not durable yet must be known still.
        try engine.sync()
        return steps.map { step in done[step.image.id].map { step.becoming($0) } ?? step }
    }

    /// Takes the markers of images back, but for names that others have.
    private func unmark(_ gone: [PruneStep], besides stay: [PruneStep]) throws(LoadError) {
        let taken = stay.reduce(into: request.keptNames.union(keptReferences)) { names, step in
            names.formUnion(step.image.names.union([step.image.reference]))
        }
        try markers?.unmark(gone.reduce(into: Set<String>()) { $0.formUnion($1.markers) }.subtracting(taken))
    }

    private func log(_ receipt: PruneReceipt, isDone: Bool) throws(LoadError) {
        guard let state else { return }
        try ReceiptLog(in: state.directory).append(receipt.json(isDone: isDone))
    }

    /// What is known of the images that were brought.
    private struct Known {
        var request: PruneRequest
        /// What stays since bundles need it that were not given.
        var others: [PruneStep] = []

        init(_ bundles: PrunedBundles, _ entries: [JournalEntry], holdsOnePlatform: Bool) throws(LoadError) {
            var brought: [Digest: BroughtImage] = [:]
            var keptIDs = bundles.keptIDs
            var keptNames = bundles.keptNames
            for entry in entries where entry.stage == .done {
                let image = BroughtImage(reference: entry.load.reference, id: entry.load.imageID, names: entry.names)
                let missing = entry.owners.subtracting(bundles.owners).sorted()
                guard !entry.owners.isEmpty, missing.isEmpty || keptIDs.contains(image.id) else {
                    let owner = missing.first.map { "a bundle of \($0)" } ?? "an unknown bundle"
                    others.append(
                        PruneStep(image, .keep, reason: "\(owner) needs it too; give its current bundle as well"))
                    keptIDs.insert(image.id)
                    keptNames.formUnion(image.names)
                    continue
                }
                brought[image.id] = image
            }
            for image in bundles.old {
                // By the digest that the target knows it by: of the config, where it knows no others.
                let configs = holdsOnePlatform ? image.instances.map(\.config.descriptor.digest) : []
                for id in [image.root.descriptor.digest] + configs where !keptIDs.contains(id) {
                    let names = Set(image.allNames).union(brought[id]?.names ?? [])
                    brought[id] = BroughtImage(reference: image.image.reference, id: id, names: names)
                }
            }
            request = PruneRequest(
                brought: brought.values.sorted { ($0.reference, $0.id) < ($1.reference, $1.id) }, keptIDs: keptIDs,
                keptNames: keptNames)
        }
    }
}

extension PruneStep {
    /// What its ready markers are called, of which some may never have been.
    fileprivate var markers: Set<String> {
        let names = result == .unname ? Set(names) : image.names.union([image.reference])
        // The journal has the digest of a name by itself, as `repository@digest`.
        let digests = Set(image.names.compactMap { name in name.firstIndex(of: "@").map { name[$0...] } })
        return digests.reduce(into: names) { markers, digest in markers.formUnion(names.map { $0 + digest }) }
    }

    /// What has become of it, with what was known before.
    fileprivate func becoming(_ result: PruneStep) -> PruneStep {
        PruneStep(
            result.image, result.result, names: result.names, reason: result.reason, bytes: result.bytes ?? bytes)
    }
}
