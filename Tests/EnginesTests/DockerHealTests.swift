import BundleFormat
import Foundation
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Engines

/// What interrupted loads leave in a real daemon goes, and only that.
@Suite(.enabled(if: Toolbox.hasDockerDaemon)) struct DockerHealTests {
    private static func intent(_ image: ImageFixture, present: Int = 0) -> LoadIntent {
        LoadIntent(
            reference: "example.com/app:1", imageID: image.imageID, diffIDs: image.layers.map(\.diffID),
            presentCount: present)
    }

    /// The chains that the daemon's storage has, whether an image stands on them or not.
    private static func chains(_ daemon: DockerDaemon) -> Set<String> {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: daemon.dataRoot + "/image/overlay2/layerdb/sha256")
        return Set(names ?? [])
    }

    private static func chains(of layers: [LayerFixture]) -> [String] {
        ChainID.chains(of: layers.map(\.diffID)).map(\.digest.hex)
    }

    private static func layers(_ count: Int, size: Int = 5000) async throws -> [LayerFixture] {
        var layers: [LayerFixture] = []
        for seed in 1...count { layers.append(try await ImageFactory.files(seed: UInt64(seed), count: 3, size: size)) }
        return layers
    }

    @Test func `images on chains in doubt are removed with all their names, others stay`() async throws {
        let layers = try await Self.layers(4)
        let bundle = try DockerBundle(layers)
        let base = ImageFixture(Array(layers[..<2]))
        let app = ImageFixture(Array(layers[..<3]))
        let above = ImageFixture(layers)
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        try await engine.put(
            [
                try bundle.target(base, "example.com/base:1"),
                try bundle.target(app, "example.com/app:1", "docker.io/library/app:1", "other.example.com:5000/app:2"),
                try bundle.target(above),
            ], bundle)
        // Somebody built upon it: the daemon lets it go before its parent only.
        try await daemon.docker(
            "build", "--tag", "child", "-", input: Array("FROM example.com/app:1\nLABEL a=b\n".utf8))
        let child = try Digest(parsing: try await daemon.docker("inspect", "--format={{.Id}}", "child"))
        #expect(Self.chains(daemon) == Set(Self.chains(of: layers)))

        #expect(try await engine.heal([]).isEmpty)
        #expect(try await engine.heal([Self.intent(base, present: 2)]).isEmpty)
        let removed = try await engine.heal([Self.intent(app, present: 2)])
        #expect(Set(removed) == [app.imageID, above.imageID, child])
        #expect(try engine.client.images().ids == [base.imageID])
        #expect(Self.chains(daemon) == Set(Self.chains(of: Array(layers[..<2]))))
        #expect(try await engine.heal([Self.intent(app, present: 2)]).isEmpty)
        try await engine.put([try bundle.target(app, "example.com/app:1")], bundle)
        try await DockerLoadTests.expectFiles(app.layers, of: "example.com/app:1", in: daemon)
        #expect(try await engine.heal([Self.intent(app), Self.intent(base)]).count == 2)
        #expect(Self.chains(daemon).isEmpty)
    }

    @Test func `an image that a container uses stays whole and is named with the container`() async throws {
        let layers = try await Self.layers(2)
        let bundle = try DockerBundle(layers)
        let image = ImageFixture(layers)
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        let names = ["example.com/app:1", "example.com/app:2"]
        try await engine.put([try bundle.target(image, names[0], names[1])], bundle)
        try await daemon.docker("create", "--name=keeper", names[0])
        let error = try #require(
            await #expect(throws: EngineError.self) { try await engine.heal([Self.intent(image)]) })
        #expect(error.code == .inUse && error.message.contains("keeper") && error.message.contains(names[0]))
        for name in names { #expect(try engine.client.image(name)?.id == image.imageID) }
        // The image goes by force, and the container holds the chains alone.
        try await daemon.docker("rmi", "--force", image.imageID.description)
        await #expect(throws: EngineError(.inUse, "")) { try await engine.heal([Self.intent(image)]) }
        #expect(try engine.client.images().ids.isEmpty)
        try await daemon.docker("rm", "keeper")
        #expect(try await engine.heal([Self.intent(image)]).isEmpty)
        #expect(Self.chains(daemon).isEmpty)
    }

    @Test func `chains that no image holds are used by a load, and removed by healing`() async throws {
        let layers = try await Self.layers(3)
        let empty = try await LayerFixture(tar: [], compression: .none)
        let bundle = try DockerBundle(layers + [empty])
        let image = ImageFixture(layers + [empty])
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        let target = try bundle.target(image, "example.com/app:1")
        for present in [0, 1, 3, 4] {
            try await engine.put([target], bundle)
            // As a daemon leaves it that was killed before it wrote the image down.
            await daemon.kill()
            let folder = daemon.dataRoot + "/image/overlay2/"
            for name in ["imagedb", "repositories.json"] { try FileManager.default.removeItem(atPath: folder + name) }
            try await daemon.start()
            #expect(try engine.client.images().ids.isEmpty)
            #expect(Self.chains(daemon) == Set(Self.chains(of: layers + [empty])))
            if present == 0 {
                let (plan, _) = try await engine.put([target], bundle)
                #expect(plan.steps.map(\.presentCount) == [0])
                try await DockerLoadTests.expectFiles(layers, of: "example.com/app:1", in: daemon)
                try await daemon.docker("rmi", "example.com/app:1")
                continue
            }
            // Chains below are not in doubt, but nothing else holds them either.
            #expect(try await engine.heal([Self.intent(image, present: present)]).isEmpty)
            let left = Self.chains(daemon)
            #expect(left.isDisjoint(with: Self.chains(of: layers + [empty]).dropFirst(present)))
            #expect(try await engine.heal([Self.intent(image)]).isEmpty)
            #expect(Self.chains(daemon).isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func `a daemon that is killed while it loads is healed, and loaded again`(inLayers: Bool) async throws {
        // Many, so that much is left to be done after the first.
        let layers = try await Self.layers(12, size: 1 << 18)
        let bundle = try DockerBundle(layers)
        let image = ImageFixture(layers)
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        let target = try bundle.target(image, "example.com/app:1")
        let plan = try await engine.plan([target], reader: bundle.reader)
        let folder = daemon.dataRoot + "/image/overlay2/layerdb/sha256"
        var failure: EngineError?
        for _ in 0..<5 where failure == nil {
            let processID = daemon.processID
            let isKilled = Mutex(!inLayers)
            if inLayers {
                // When the first of its layers is there.
                Thread.detachNewThread {
                    for _ in 0..<60_000 {
                        if let names = try? FileManager.default.contentsOfDirectory(atPath: folder), !names.isEmpty {
                            break
                        }
                        usleep(500)
                    }
                    Foundation.kill(processID, SIGKILL)
                    isKilled.withLock { $0 = true }
                }
            }
            let sent = ByteCounter()
            do {
                try await engine.load(plan.batches[0], reader: bundle.reader) { count in
                    sent.add(count)
                    if !inLayers, sent.total > plan.steps[0].bytesToSend / 2 { Foundation.kill(processID, SIGKILL) }
                }
            } catch let error as EngineError { failure = error }
            // Afterwards the id may be another process's.
            while !isKilled.withLock(\.self) { try await Task.sleep(for: .milliseconds(1)) }
            await daemon.kill()
            try await daemon.start()
            // It was through before it was killed, and begins again with nothing.
            if failure == nil { _ = try await engine.heal([Self.intent(image)]) }
        }
        #expect(failure == EngineError(.unreachable, ""))
        #expect(Self.chains(daemon).isEmpty == !inLayers)
        _ = try await engine.heal([Self.intent(image)])
        #expect(Self.chains(daemon).isEmpty)
        try await engine.put([target], bundle)
        try await DockerLoadTests.expectFiles(layers, of: "example.com/app:1", in: daemon)
    }

    @Test func `a daemon that still works for a sender who is gone is waited for`() async throws {
        let layers = try await Self.layers(4, size: 4 << 20)
        let bundle = try DockerBundle(layers)
        let image = ImageFixture(layers)
        let daemon = try await DockerDaemon()
        let engine = try await DockerEngine.of(daemon)
        let target = try bundle.target(image, "example.com/app:1")
        let directory = try TemporaryDirectory()
        let archive = try engine.archive(target.instances[0], 0, [], bundle.reader)
        var bytes: [UInt8] = []
        try archive.write(bundle.reader) { bytes += Array($0) }
        try directory.write(bytes, to: "archive.tar")
        let sender = try Command(
            "curl",
            [
                "--silent", "--unix-socket", daemon.socket, "--header", "Content-Type: application/x-tar",
                "--upload-file", directory.path("archive.tar"), "--request", "POST", "http://docker/images/load",
            ]
        ).start()
        // The daemon has all of the archive when it makes the first layer.
        let end = ContinuousClock.now + .seconds(300)
        while Self.chains(daemon).isEmpty, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(1)) }
        #expect(!Self.chains(daemon).isEmpty)
        sender.kill()
        await sender.waitForEnd()
        _ = try await engine.heal([Self.intent(image)], waiting: .seconds(120)) {}
        #expect(Self.chains(daemon).isEmpty)
        #expect(try engine.client.images().ids.isEmpty)
        try await engine.put([target], bundle)
        try await DockerLoadTests.expectFiles(layers, of: "example.com/app:1", in: daemon)
    }
}
