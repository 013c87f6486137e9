public import BundleFormat
public import OCI

/// Where images go on a target: the one interface of docker, a registry's directory, and whatever follows.
///
/// An engine never reads the bundle itself, never decides what is loaded, and keeps no state of its own.
/// Spec: docs/loading.md section 5.
public protocol Engine: Sendable {
    /// What it is, for people: `docker 20.10.24 (overlay2) at /run/docker.sock`.
    var description: String { get }

    /// As in receipts: `docker` or `registry-dir`.
    var kind: String { get }

    /// What images must be for; nil where images of all platforms are delivered.
    var platform: Platform? { get }

    /// Removes what interrupted loads left, so that none of their chains is there any more.
    ///
    /// Does nothing, successfully, when nothing is left; calling again after a crash continues.
    ///
    /// - Parameters:
    ///   - intents: What is in doubt.
    ///   - wait: How long the engine may still work on a load whose sender is gone.
    ///   - whileWaiting: Called about once a second meanwhile.
    /// - Returns: The image IDs that were removed.
    /// - Throws: `EngineError` with code `inUse` when a container holds one, and others.
    func heal(_ intents: [LoadIntent], waiting wait: Duration, whileWaiting: () -> Void) async throws -> [Digest]

    /// Finds out what is present and what is missing; changes nothing.
    ///
    /// Images are planned in their order: what an earlier one sends is present for a later one.
    ///
    /// - Throws: `EngineError` with code `nameTaken` where a name's policy is `fail`, and others.
    func plan(_ images: [TargetImage], reader: LayerReader) async throws -> LoadPlan

    /// Whether the engine's storage has room for a plan; changes nothing.
    ///
    /// - Throws: `EngineError` with code `noSpace`.
    func checkRoom(for plan: LoadPlan) async throws

    /// Sends what a batch of steps lacks, and sets names; returns when the engine has taken it, durable or not.
    ///
    /// - Parameters:
    ///   - batch: One element of the plan's batches, or those steps of it that are to be done.
    ///   - reader: Gives the layers.
    ///   - progress: Gets bytes sent since the last call, from any thread; also called with 0 now and then while waiting.
    ///   - begins: Called with steps of which the engine is now going to get something.
    ///   - taken: Called with steps that the engine has taken, durable or not, also while it is getting the next ones.
    /// - Throws: `EngineError`; `BundleError` when a layer does not come out as it should; what the closures throw.
    func load(
        _ batch: [LoadStep], reader: LayerReader, progress: @escaping @Sendable (Int64) -> Void,
        begins: ([LoadStep]) throws -> Void, taken: ([LoadStep]) throws -> Void
    ) async throws

    /// Returns when everything that the engine took is durable.
    func sync() throws

    /// Asks the engine whether an image, its layers and the names that were to be set are really there.
    ///
    /// - Throws: `EngineError` with code `refused` and what was found instead.
    func confirm(_ step: LoadStep) throws

    /// Decides about each image that was brought; changes nothing.
    ///
    /// - Throws: `EngineError`.
    func planPruning(_ request: PruneRequest) async throws -> [PruneStep]

    /// Decides once more, and removes what goes; durable after `sync`.
    ///
    /// Killed at any moment nothing that stays is harmed, and calling again continues.
    ///
    /// - Parameter request: As it was planned, with only those images that shall go.
    /// - Returns: What has become of each.
    /// - Throws: `EngineError`, or `CancellationError`.
    func prune(_ request: PruneRequest) async throws -> [PruneStep]
}

extension Engine {
    /// The same, without being told of single steps.
    public func load(
        _ batch: [LoadStep], reader: LayerReader, progress: @escaping @Sendable (Int64) -> Void
    ) async throws {
        try await load(batch, reader: reader, progress: progress, begins: { _ in }, taken: { _ in })
    }
}
