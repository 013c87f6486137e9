import BundleFormat
public import Console
import DurableFiles
import Engines
import OCI

/// Puts a bundle's images into a target: verified, only what is missing, and really there afterwards.
///
/// Spec: docs/loading.md. Killing it at any moment loses nothing: the next run heals and continues.
public struct Loader: Sendable {
    private let options: LoadOptions
    private let listener: WorkListener

    /// A load of its parts.
    public init(_ options: LoadOptions, listener: WorkListener) {
        self.options = options
        self.listener = listener
    }

    /// Does it all, and leaves a receipt, also of a failure.
    ///
    /// Memory: 128 MiB, whatever the bundle's size.
    ///
    /// - Throws: `LoadError`.
    public func run() async throws(LoadError) -> Receipt {
        let state = try StateDirectory(making: options.statePath)
        try state.lock(waiting: options.wait) { listener.advance(0) }
        var receipt = Receipt(started: .now)
        var failure: LoadError?
        do throws(LoadError) {
            let medium = try medium(state.directory)
            let path = medium?.path ?? options.source.description
            do { try await work(path, state.directory, &receipt) } catch { failure = LoadError(wrapping: error) }
            try medium?.close()
        } catch {
            // What was wrong first is the one to tell.
            failure = failure ?? error
        }
        receipt.ended = .now
        receipt.result = failure?.exitCode ?? 0
        receipt.error = failure?.message
        if !options.isDryRun { try ReceiptLog(in: state.directory).append(receipt.json) }
        if let failure { throw failure }
        return receipt
    }

    /// The medium that the bundle lies on, mounted; nil for a directory.
    private func medium(_ state: Directory) throws(LoadError) -> Medium? {
        guard case .label(let label, let folder) = options.source else { return nil }
        let medium = try Medium(
            label: label, folder: folder, state: state, until: .now + options.wait, waiting: { listener.advance(0) })
        listener.note("medium: \(medium.description)")
        return medium
    }

    private func work(_ path: String, _ state: Directory, _ receipt: inout Receipt) async throws {
        let started = ContinuousClock.now
        let floors = FloorStore(in: state)
        let files = try BundleFiles(path: path)
        let trusted = try TrustedBundle(files, trust: options.trust, floors: floors, listener: listener)
        receipt.bundle = trusted.receipt
        let bundle = try OpenedBundle(files, trusted.statement, state: state)

        let (target, reason) = try EngineSearch().find(options.target)
        if let reason { listener.note("target: \(target), since \(reason)") }
        let engine = try await target.engine(waiting: options.wait, jobs: options.jobs) { listener.advance(0) }
        receipt.target = Receipt.Target(kind: engine.kind, description: engine.description)
        listener.note("target: \(engine.description)")
        let record = LoadRecord(
            journal: try Journal(in: state, target: target.journalName),
            markers: options.isDryRun ? nil : try markers(of: target.journalName, state),
            statement: trusted.digest, owner: trusted.owner)
        let doubtful = try await heal(engine, record, &receipt)

        let images = try bundle.images(groups: options.groups, only: options.images, platform: engine.platform)
        let plan = try await engine.plan(images, reader: bundle.reader)
        receipt.images = plan.steps.map { Receipt.Image($0, isDryRun: options.isDryRun) }
        if !doubtful.isEmpty {
            // A power cut must neither bring back what was removed nor take what the engine made of the interrupted load
            // meanwhile, which is present now, once nothing remembers it.
            try sync(engine)
            for imageID in doubtful { try record.journal.remove(imageID) }
        }
        try record.planned(plan)
        report(plan)
        if !options.isDryRun { try record.share(plan) }
        receipt.planning = ContinuousClock.now - started

        if plan.steps.contains(where: \.needsWork) {
            try await engine.checkRoom(for: plan)
            guard !options.isDryRun else { return }
            try bundle.checkPacks()
            try await load(plan, engine, bundle.reader, record, &receipt)
        }
        guard !options.isDryRun else { return }
        try bundle.documents.removeOthers()
        if options.images.isEmpty { try trusted.raiseFloor(floors) }
    }

    private func markers(of target: String, _ state: Directory) throws(LoadError) -> ReadyMarkers? {
        guard let path = options.readyPath else { return nil }
        return try ReadyMarkers(making: path, of: target, in: state)
    }

    /// Removes what interrupted loads left.
    ///
    /// - Returns: The images that the journal may forget when all is durable.
    private func heal(
        _ engine: any Engine, _ record: LoadRecord, _ receipt: inout Receipt
    ) async throws -> [Digest] {
        let intents = try record.journal.openIntents()
        guard !intents.isEmpty else { return [] }
        let names = intents.map(\.reference).joined(separator: ", ")
        guard !options.isDryRun else {
            listener.note("an interrupted load of \(names) would be removed, and loaded again")
            return []
        }
        listener.note("healing: a load of \(names) was interrupted; what it left is removed, and loaded again")
        let removed = try await engine.heal(intents, waiting: options.wait) { listener.advance(0) }
        receipt.removed = removed
        for imageID in removed { listener.note("healing: removed \(imageID)") }
        return removed + intents.map(\.imageID)
    }

    private func load(
        _ plan: LoadPlan, _ engine: any Engine, _ reader: LayerReader, _ record: LoadRecord,
        _ receipt: inout Receipt
    ) async throws {
        try reader.expect(plan.steps.flatMap(\.missing))
        listener.phase("load", plan.steps.reduce(0) { $0 + $1.bytesToSend })
        for batch in plan.batches {
            let steps = batch.filter(\.needsWork)
            guard !steps.isEmpty else { continue }
            var since = ContinuousClock.now
            try await engine.load(
                steps, reader: reader, progress: listener.advance, begins: record.intend,
                taken: { taken in
                    let syncing = ContinuousClock.now
                    receipt.loading += syncing - since
                    try sync(engine)
                    since = .now
                    receipt.syncing += since - syncing
                    for step in taken {
                        try engine.confirm(step)
                        try record.finished(step)
                        receipt.finished(step)
                        listener.note("ready: \(step.image.image.reference)")
                    }
                })
        }
    }

    /// A slow volume may have much to write, and tells nothing until it is done.
    private func sync(_ engine: any Engine) throws {
        let pulse = listener.pulse()
        defer { pulse.end() }
        try engine.sync()
    }

    private func report(_ plan: LoadPlan) {
        for step in plan.steps {
            let reference = step.image.image.reference
            if let reason = step.skipReason {
                listener.note("skip     \(reference): \(reason)")
            } else if step.isPresent {
                listener.note("present  \(reference)")
            } else {
                let layers = "\(Text.count(step.missing.count, "layer")) missing, \(step.presentCount) present"
                listener.note("load     \(reference): \(layers), \(step.bytesToSend) bytes")
            }
            for name in step.names {
                switch name.action {
                case .keep: listener.note("  \(name.reference) points elsewhere and is kept so")
                case .unsupported(let reason): listener.note("  \(name.reference): \(reason)")
                case .present, .set: break
                }
            }
        }
        let work = plan.steps.filter(\.needsWork)
        listener.note(
            work.isEmpty
                ? "nothing to do: all \(plan.steps.count) images are there"
                : "plan: \(work.count) of \(plan.steps.count) images, "
                    + "\(work.reduce(0) { $0 + $1.bytesToSend }) bytes to send, room for \(plan.room.bytes) bytes needed"
        )
    }
}

extension LoadStep {
    /// Whether anything is to be done.
    var needsWork: Bool { !isPresent && skipReason == nil }
}
