import BundleFormat
import Engines
import Foundation
import OCI
import TestSupport
import Testing

/// The engines that the conformance suite runs against, each of its own for one test.
enum EngineKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case docker
    case dockerStore
    /// Without `ctr`: nobody sees the blobs of the store.
    case dockerStoreAlone
    case containerd
    case podmanSocket
    case podmanProgram

    var testDescription: String { rawValue }

    /// Those that can run here.
    static var available: [EngineKind] {
        allCases.filter { kind in
            switch kind {
            case .docker: Toolbox.hasDockerDaemon
            case .dockerStore, .dockerStoreAlone: Toolbox.hasDockerDaemon && Toolbox.hasNewEngines
            case .containerd: Toolbox.hasEngine("containerd", "ctr")
            case .podmanSocket, .podmanProgram: Toolbox.hasEngine("podman", "runc")
            }
        }
    }

    /// Whether an image can be run by the digest that registries know.
    var keepsDigests: Bool { self == .containerd || usesStore }

    fileprivate var usesStore: Bool { self == .dockerStore || self == .dockerStoreAlone }
}

/// An engine, and what tests do with it by its own tools.
struct EngineScene: Sendable {
    let kind: EngineKind
    let engine: any Engine
    /// Runs an image by a name, and gives what it printed.
    let run: @Sendable (String) async throws -> String
    /// Gives an image another name.
    let tag: @Sendable (_ name: String, _ other: String) async throws -> Void
    /// Makes a container of an image, which then is in use.
    let hold: @Sendable (String) async throws -> Void
    /// Removes that container.
    let release: @Sendable () async throws -> Void
    /// Kills the engine, and does not wait; nil where nothing runs.
    let kill: (@Sendable () -> Void)?
    /// Kills the engine if it runs, and starts it again.
    let restart: (@Sendable () async throws -> Void)?

    init(_ kind: EngineKind) async throws {
        self.kind = kind
        switch kind {
        case .docker, .dockerStore, .dockerStoreAlone:
            let daemon = try await DockerDaemon(hasContainerdStore: kind.usesStore)
            engine = try await DockerDaemonStore.connect(
                path: daemon.socket,
                // From docker 28 on it would say itself where its containerd listens.
                containerdSocket: kind == .dockerStoreAlone ? "/nowhere" : daemon.containerdSocket,
                wait: .seconds(120))
            #expect(engine is DockerStoreEngine == kind.usesStore)
            #expect(engine.description.contains("seen by ctr") == (kind == .dockerStore))
            run = { try await daemon.docker("run", "--rm", "--network=none", $0) }
            tag = { try await daemon.docker("tag", $0, $1) }
            hold = { try await daemon.docker("create", "--name=keeper", $0) }
            release = { try await daemon.docker("rm", "keeper") }
            let processID = daemon.processID
            kill = { Foundation.kill(processID, SIGKILL) }
            restart = {
                await daemon.kill()
                try await daemon.start()
            }
        case .containerd:
            let daemon = try await ContainerdDaemon()
            let place = try #require(ContainerdPlace.find(socket: daemon.socket))
            engine = try await ContainerdEngine.connect(place, wait: .seconds(120))
            // Containers of all of a host's containerds share one folder of the runtime.
            run = { try await daemon.ctr("run", "--rm", $0, "test-" + UUID().uuidString) }
            tag = { try await daemon.ctr("images", "tag", $0, $1) }
            hold = { try await daemon.ctr("containers", "create", $0, "keeper") }
            release = { try await daemon.ctr("containers", "rm", "keeper") }
            let processID = daemon.processID
            kill = { Foundation.kill(processID, SIGKILL) }
            restart = {
                await daemon.kill()
                try await daemon.start()
            }
        case .podmanSocket, .podmanProgram:
            let storage = try await PodmanStorage(hasService: kind == .podmanSocket)
            engine = try await DockerEngine.connectPodman(
                path: kind == .podmanSocket ? storage.socket : nil, options: storage.options, wait: .seconds(120))
            // The program's limits are lowered: where tests run there may be less than podman asks for.
            run = {
                try await storage.podman(
                    "--runtime=runc", "run", "--rm", "--network=none", "--ulimit=nofile=1024:1024",
                    "--ulimit=nproc=100:100", $0)
            }
            tag = { try await storage.podman("tag", $0, $1) }
            hold = { try await storage.podman("create", "--name=keeper", $0) }
            release = { try await storage.podman("rm", "keeper") }
            if let processID = storage.processID {
                kill = { Foundation.kill(processID, SIGKILL) }
                restart = {
                    await storage.kill()
                    try await storage.start()
                }
            } else {
                kill = nil
                restart = nil
            }
        }
    }

    /// Plans, loads and confirms as the loader does, and gives the plan and how many bytes were sent.
    @discardableResult
    func put(_ images: [TargetImage], _ bundle: BundleOnDisk) async throws -> (plan: LoadPlan, sent: Int64) {
        let plan = try await engine.plan(images, reader: bundle.reader)
        try await engine.checkRoom(for: plan)
        let counter = ByteCounter()
        for batch in plan.batches {
            try await engine.load(batch, reader: bundle.reader) { counter.add($0) }
            try engine.sync()
            for step in batch { try engine.confirm(step) }
        }
        return (plan, counter.total)
    }

    func heal(_ intents: [LoadIntent]) async throws -> [Digest] {
        try await engine.heal(intents, waiting: .zero, whileWaiting: {})
    }

    func isPresent(_ images: [TargetImage], _ bundle: BundleOnDisk) async throws -> [Bool] {
        try await engine.plan(images, reader: bundle.reader).steps.map(\.isPresent)
    }
}
