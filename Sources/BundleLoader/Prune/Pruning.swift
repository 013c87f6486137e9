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
    /// Keeps loaders away as long as this lives.
    private let state: StateDirectory?

    /// Verifies the bundles, reads the journal and asks the target; changes nothing.
    ///
    /// - Throws: `LoadError`; `notFound` when nothing tells what was loaded.
    public init(_ options: PruneOptions, listener: WorkListener) async throws(LoadError) {
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
            let known = try Known(bundles, try journal?.entries() ?? [], holdsOnePlatform: engine.platform != nil)
            request = known.request
            steps = known.others + (try await engine.planPruning(known.request))
        } catch {
            throw LoadError(wrapping: error)
        }
        notes = bundles.notes
    }

    /// Removes what the plan says, makes it durable, and lets the journal forget it.
    ///
    /// - Returns: What has become of each image.
    /// - Throws: `LoadError`.
    public func run() async throws(LoadError) -> [PruneStep] {
        let going = Set(steps.filter(\.isRemoval).map(\.image.id))
        var done: [Digest: PruneStep] = [:]
        do {
            if !going.isEmpty {
                var request = request
                request.brought.removeAll { !going.contains($0.id) }
                for step in try await engine.prune(request) { done[step.image.id] = step }
                try engine.sync()
            }
            let results = steps.map { step in done[step.image.id].map { step.becoming($0) } ?? step }
            // After a power cut, what was not durable yet must be known still.
            for step in results where step.isRemoval || step.result == .absent {
                try journal?.remove(step.image.id)
            }
            return results
        } catch {
            throw LoadError(wrapping: error)
        }
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
    /// What has become of it, with what was known before.
    fileprivate func becoming(_ result: PruneStep) -> PruneStep {
        PruneStep(
            result.image, result.result, names: result.names, reason: result.reason, bytes: result.bytes ?? bytes)
    }
}
