import BundleFormat
import Cryptography
import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

@testable import Engines

/// Loads into a real daemon, each with its own.
@Suite(.enabled(if: Toolbox.hasDockerDaemon)) struct DockerLoadTests {
    @Test(.enabled(if: Toolbox.has("gcc"))) func `an image of layers in every encoding is loaded and runs`()
        async throws
    {
        let program = try await ImageFactory.program()
        let base = try await LayerFixture(
            [.directory("bin"), .file("bin/true", program).with { $0.mode = 0o755 }], compression: .zstd(level: 3))
        let layers = [
            base, try await ImageFactory.files(seed: 1, count: 3, size: 9000),
            try await ImageFactory.files(seed: 2, count: 3, size: 9000, compression: .none),
            try await ImageFactory.files(seed: 3, count: 3, size: 9000, compression: .gzipMembers(3)),
        ]
        let bundle = try DockerBundle(layers)
        let image = ImageFixture(layers)
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        #expect(engine.description == "docker \(engine.host.version) (\(engine.host.driver)) at \(daemon.socket)")
        #expect(engine.host.rootDirectory == daemon.dataRoot)
        let digest = try Reference(parsing: "registry.example.com/team/run@\(image.descriptor.digest)")
        let target = try bundle.target(
            image, "registry.example.com/team/run:1", "registry.example.com/team/run:2@\(image.descriptor.digest)",
            digest.description)
        let (plan, sent) = try await engine.put([target], bundle)
        let step = try #require(plan.steps.first)
        #expect(step.missing.count == 4 && step.presentCount == 0 && step.bytesToSend == sent)
        #expect(!step.isPresent && step.imageID == image.imageID)
        guard case .unsupported = step.names.last?.action else { throw EngineError(.refused, "\(step.names)") }
        let output = try await daemon.docker("run", "--rm", "--network=none", "registry.example.com/team/run:2")
        #expect(output == "it runs")

        // Nothing is left to do, and nothing of the bundle is read for that.
        let again = try await engine.plan([target], reader: bundle.reader)
        #expect(again.steps.map(\.isPresent) == [true] && again.room == .init(bytes: 0, inodes: 0))
        #expect(again.steps.map(\.bytesToSend) == [0])
        // One name is gone: it is set without sending anything.
        try await daemon.docker("rmi", "registry.example.com/team/run:1")
        let (named, nothing) = try await engine.put([target], bundle)
        #expect(nothing == 0 && named.steps.map(\.isPresent) == [false])
        #expect(named.steps.first?.names.map(\.action).prefix(2) == [.set, .present])
        #expect(try await engine.plan([target], reader: bundle.reader).steps.map(\.isPresent) == [true])
    }

    @Test func `only what is missing is sent, for every number of present layers`() async throws {
        let layers = [
            try await ImageFactory.files(seed: 1, count: 4, size: 20_000),
            try await ImageFactory.files(seed: 2, count: 4, size: 20_000, compression: .none),
            try await ImageFactory.files(seed: 3, count: 4, size: 20_000, compression: .gzipMembers(2)),
        ]
        let bundle = try DockerBundle(layers)
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        for count in 0...3 {
            let prefix = ImageFixture(Array(layers[..<count]), labels: ["prefix": "\(count)"])
            try await engine.put([try bundle.target(prefix)], bundle)
            let image = try bundle.target(ImageFixture(layers), "example.com/whole:1")
            let (plan, sent) = try await engine.put([image], bundle)
            let step = try #require(plan.steps.first)
            #expect(step.presentCount == count)
            #expect(step.missing.map(\.digest) == layers.dropFirst(count).map(\.digest))
            #expect(sent == step.bytesToSend)
            let content = step.missing.reduce(0) {
                $0 + ($1.encoding == .verbatim(.gzip) ? $1.size : Self.tarSize($1, layers))
            }
            #expect(step.bytesToSend - content < 12_000)
            try await Self.expectFiles(layers, of: "example.com/whole:1", in: daemon)
            try await daemon.docker("rmi", "example.com/whole:1", prefix.imageID.description)
        }
    }

    @Test func `layers count by what they stand on, and one that is there twice is sent once`() async throws {
        let a = try await ImageFactory.files(seed: 1, count: 2, size: 5000)
        let b = try await ImageFactory.files(seed: 2, count: 2, size: 5000)
        let empty = try await LayerFixture([])
        let bundle = try DockerBundle([a, b, empty])
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        let images = [
            try bundle.target(ImageFixture([a, b])), try bundle.target(ImageFixture([b])),
            try bundle.target(ImageFixture([a, b, a, empty, empty, a])), try bundle.target(ImageFixture([])),
            try bundle.target(ImageFixture([a, b], labels: ["other": "config"])),
        ]
        let (plan, _) = try await engine.put(images, bundle)
        #expect(plan.steps.map(\.presentCount) == [0, 0, 2, 0, 2])
        #expect(
            plan.steps.map { $0.missing.map(\.digest) } == [[a, b], [b], [a, empty], [], []].map { $0.map(\.digest) })
        #expect(try await engine.plan(images, reader: bundle.reader).steps.allSatisfy(\.isPresent))
    }

    @Test func `one new layer costs its tar and less than one percent`() async throws {
        let base = try await ImageFactory.files(seed: 1, count: 10, size: 800_000)
        let new = try await ImageFactory.files(seed: 2, count: 10, size: 500_000)
        let bundle = try DockerBundle([base, new])
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        try await engine.put([try bundle.target(ImageFixture([base]), "example.com/app:1")], bundle)
        let (plan, sent) = try await engine.put(
            [try bundle.target(ImageFixture([base, new]), "example.com/app:2")], bundle)
        print("one new layer: a tar of \(new.tar.count) bytes, \(sent) bytes sent")
        #expect(sent == plan.steps.first?.bytesToSend)
        #expect(Double(sent) <= 1.01 * Double(new.tar.count) && sent > new.tar.count)
    }

    @Test func `a name that points elsewhere is kept, moved or refused`() async throws {
        let layer = try await ImageFactory.files(seed: 1, count: 1, size: 1000)
        let bundle = try DockerBundle([layer])
        let old = ImageFixture([layer], labels: ["version": "old"])
        let new = ImageFixture([layer], labels: ["version": "new"])
        let name = "docker.io/library/app:1"
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        try await engine.put([try bundle.target(old, name)], bundle)
        func current() async throws -> String { try await daemon.docker("inspect", "--format={{.Id}}", "app:1") }

        await #expect(throws: EngineError(.nameTaken, "")) {
            try await engine.plan([try bundle.target(new, name, policy: .fail)], reader: bundle.reader)
        }
        let (kept, _) = try await engine.put([try bundle.target(new, name, policy: .keep)], bundle)
        #expect(kept.steps.first?.names.map(\.action) == [.keep])
        #expect(try await current() == old.imageID.description)
        // The image itself is there now.
        let again = try await engine.plan([try bundle.target(new, name, policy: .keep)], reader: bundle.reader)
        #expect(again.steps.map(\.isPresent) == [true])
        let (moved, sent) = try await engine.put([try bundle.target(new, name, policy: .move)], bundle)
        #expect(moved.steps.first?.names.map(\.action) == [.set] && sent == 0)
        #expect(try await current() == new.imageID.description)
        #expect(
            try await engine.plan([try bundle.target(new, name, policy: .fail)], reader: bundle.reader).steps.map(
                \.isPresent) == [true])

        // Two images of one plan that want the name.
        let both = [try bundle.target(old, name), try bundle.target(new, name, policy: .fail)]
        await #expect(throws: EngineError(.nameTaken, "")) { try await engine.plan(both, reader: bundle.reader) }
        let lastWins = [try bundle.target(new, name), try bundle.target(old, name)]
        try await engine.put(lastWins, bundle)
        #expect(try await current() == old.imageID.description)
        // Confirming the one that lost its name says so.
        let step = try #require(
            try await engine.plan([try bundle.target(new, name)], reader: bundle.reader).steps.first)
        #expect(throws: EngineError(.refused, "")) { try engine.confirm(step) }
    }

    @Test func `artifacts are left out, and images for nobody are an error`() async throws {
        let layer = try await ImageFactory.files(seed: 1, count: 1, size: 1000)
        let bundle = try DockerBundle([layer])
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        let artifact = try bundle.target(ImageFixture([layer]), "example.com/sbom:1", platform: nil)
        let (plan, sent) = try await engine.put([artifact], bundle)
        #expect(sent == 0 && plan.steps.map { $0.skipReason != nil } == [true])
        #expect(try engine.client.images().ids.isEmpty)
        let nobody = TargetImage(image: artifact.image, root: artifact.root, instances: [])
        await #expect(throws: EngineError(.notFound, "")) {
            try await engine.plan([nobody], reader: bundle.reader)
        }
        let short = try bundle.target(ImageFixture([layer]), diffIDs: [])
        await #expect(throws: EngineError(.refused, "")) { try await engine.plan([short], reader: bundle.reader) }
    }

    @Test func `an error of the daemon under status 200 is an error, and nothing stays`() async throws {
        let layers = [
            try await ImageFactory.files(seed: 1, count: 2, size: 5000),
            try await ImageFactory.files(seed: 2, count: 2, size: 5000),
        ]
        let bundle = try DockerBundle(layers)
        // Its config names another layer than the one that is sent.
        let other = try await ImageFactory.files(seed: 3, count: 1, size: 100)
        let claimed = ImageFixture([layers[0], other])
        let real = ImageFixture(layers)
        let target = try bundle.target(real, "example.com/wrong:1")
        let wrong = TargetImage(
            image: target.image, root: target.root,
            instances: [
                TargetImage.Instance(
                    manifest: target.root,
                    config: TargetImage.Document(
                        descriptor: Descriptor(
                            mediaType: .ociConfig, digest: claimed.imageID, size: Int64(claimed.config.count)),
                        bytes: claimed.config), platform: target.instances[0].platform,
                    diffIDs: claimed.layers.map(\.diffID), layers: target.instances[0].layers)
            ])
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        let plan = try await engine.plan([wrong], reader: bundle.reader)
        await #expect(throws: EngineError(.refused, "")) {
            try await engine.load(plan.batches[0], reader: bundle.reader) { _ in }
        }
        #expect(throws: EngineError(.refused, "")) { try engine.confirm(plan.steps[0]) }
        #expect(try engine.client.images().ids.isEmpty)
        // A reader without the layer: the daemon gets half an archive, and the cause is told.
        let foreign = try DockerBundle([layers[0]])
        let whole = try await engine.plan([target], reader: bundle.reader)
        await #expect(throws: BundleError(.damaged, "")) {
            try await engine.load(whole.batches[0], reader: foreign.reader) { _ in }
        }
        #expect(try engine.client.images().ids.isEmpty)
        try await engine.put([target], bundle)
    }

    @Test func `room is checked before anything is sent`() async throws {
        let layer = try await ImageFactory.files(seed: 1, count: 1, size: 1000)
        let bundle = try DockerBundle([layer])
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        let plan = try await engine.plan([try bundle.target(ImageFixture([layer]))], reader: bundle.reader)
        #expect(plan.room.bytes > plan.steps[0].bytesToSend)
        try await engine.checkRoom(for: plan)
        for room in [LoadPlan.Room(bytes: 1 << 60, inodes: 0), LoadPlan.Room(bytes: 0, inodes: .max)] {
            let error = try #require(
                await #expect(throws: EngineError.self) {
                    try await engine.checkRoom(for: LoadPlan(batches: plan.batches, room: room))
                })
            #expect(error.code == .noSpace && error.message.contains(daemon.dataRoot))
        }
    }

    @Test func `a full disk of the daemon is no space, whatever it wrote before`() async throws {
        let directory = try TemporaryDirectory()
        let small = try directory.makeDirectory("small")
        try await Command("mount", ["-t", "tmpfs", "-o", "size=12m", "none", small]).check()
        let layer = try await ImageFactory.files(seed: 1, count: 10, size: 1 << 20)
        let bundle = try DockerBundle([layer])
        let daemon = try await DockerDaemon(options: ["--storage-driver=vfs"], dataRoot: small)
        let engine = try await DockerEngine.of(daemon)
        let plan = try await engine.plan([try bundle.target(ImageFixture([layer]))], reader: bundle.reader)
        await #expect(throws: EngineError(.noSpace, "")) { try await engine.checkRoom(for: plan) }
        await #expect(throws: EngineError(.noSpace, "")) {
            try await engine.load(plan.batches[0], reader: bundle.reader) { _ in }
        }
        #expect(try engine.client.images().ids.isEmpty)
        await daemon.stop()
    }

    private static func tarSize(_ layer: BundleLayer, _ fixtures: [LayerFixture]) -> Int64 {
        Int64(fixtures.first { $0.digest == layer.digest }?.tar.count ?? 0)
    }

    /// Compares every file of an image with what its layers, which do not overlap, hold.
    static func expectFiles(_ layers: [LayerFixture], of name: String, in daemon: DockerDaemon) async throws {
        #expect(try await daemon.difference(name, from: layers) == nil)
    }
}
