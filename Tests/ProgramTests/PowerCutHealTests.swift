import Foundation
import Synchronization
import TestSupport
import Testing

/// Power cuts at the worst instants: what the daemon then has looks whole, or cannot be looked at.
@Suite(.serialized, .enabled(if: Toolbox.hasDockerDaemon && Toolbox.canMount && Toolbox.has("mkfs.xfs", "gcc")))
struct PowerCutHealTests {
    /// The daemon has all of the archive, but is slow: healing finds nothing yet, and planning finds the image.
    ///
    /// The loader that healed may be killed as well, and leave all that to a third one.
    @Test(.timeLimit(.minutes(60)), arguments: [false, true])
    func `an image that comes after healing is made durable as any other`(isKilledAgain: Bool) async throws {
        let scene = try await LoadScene(stacks: [[0, 1]])
        let machine = try await PowerCutMachine(.ext4, scene)
        let first = Later<RunningCommand>()
        let second = Later<RunningCommand>()
        let mayFinish = Later<Bool>()
        let questions = Mutex<Int?>(nil)
        let names = machine.docker.dataRoot + "/image/overlay2/repositories.json"
        let relay = try DockerRelay(to: machine.docker.socket) { line in
            // Healing asks for the images first, and planning second.
            let number = questions.withLock { count in
                if line.hasPrefix("GET"), line.contains("/images/json") { count = count.map { $0 + 1 } }
                return count
            }
            guard number == 2 else { return }
            if isKilledAgain { second.get().kill() }
            mayFinish.set(true)
            let end = ContinuousClock.now + .seconds(300)
            while (try? String(contentsOfFile: names, encoding: .utf8))?.contains("local/image-0:1") != true,
                ContinuousClock.now < end
            {
                usleep(1000)
            }
        } onLoad: { sent, total in
            guard sent == total, questions.withLock({ $0 == nil }) else { return }
            first.get().kill()
            _ = mayFinish.get()
        }
        first.set(try machine.load(over: relay.socket).start())
        #expect(await first.get().waitForEnd() == .signalled(9))
        questions.withLock { $0 = 0 }
        second.set(try machine.load(over: relay.socket).start())
        #expect(await second.get().waitForEnd() == (isKilledAgain ? .signalled(9) : .exited(0)))
        if isKilledAgain { try await machine.load(over: relay.socket).check() }
        try await machine.reboot(try await machine.disk.cut())
        try await machine.load(over: relay.socket).check()
        try await scene.expectImages(in: machine.docker)
    }

    /// The daemon wrote down that it has the image, and all else was still in memory.
    ///
    /// The image's files are empty then, and so are those that say on which layers a layer lies: the daemon lists the image
    /// and cannot look at it.
    @Test(.timeLimit(.minutes(60)), arguments: CutDisk.FileSystem.allCases)
    func `an image that docker itself cannot read is healed`(fileSystem: CutDisk.FileSystem) async throws {
        let scene = try await LoadScene()
        let machine = try await PowerCutMachine(fileSystem, scene)
        let loader = Later<RunningCommand>()
        let relay = try DockerRelay(to: machine.docker.socket) { sent, total in
            if sent == total { loader.get().kill() }
        }
        loader.set(try machine.load(over: relay.socket).start())
        #expect(await loader.get().waitForEnd() == .signalled(9))
        let end = ContinuousClock.now + .seconds(300)
        while try await !machine.docker.docker("images").contains(scene.images[0].name.dropLast(2)),
            ContinuousClock.now < end
        {}
        // Of one small file: its file system writes down all names, and nothing of the contents.
        try await Command("sync", [machine.disk.path + "/docker/image/overlay2/repositories.json"]).check()
        try await machine.reboot(try await machine.disk.cut())
        let result = try await machine.load(over: relay.socket).run()
        #expect(result.status == .exited(0), "\(result.errorText)")
        try await scene.expectImages(in: machine.docker)
    }
}
