import Foundation
import Synchronization
import TestSupport
import Testing

/// `kill -9` of the loader and of the daemon, at any moment: the next load makes all right.
@Suite(.serialized, .enabled(if: Toolbox.hasDockerDaemon && Toolbox.canMount && Toolbox.has("gcc")))
struct LoadKillTests {
    private enum Victim: String, CaseIterable, Sendable {
        case loader
        case daemon
    }

    @Test(.timeLimit(.minutes(60)), arguments: Victim.allCases)
    private func `a load that is killed at a random moment is loaded right by the next`(victim: Victim) async throws {
        let scene = try await LoadScene()
        let memory = try await SmallVolume("size=512m")
        let docker = try await DockerDaemon(dataRoot: memory.path)
        var duration = Duration.seconds(60)
        for _ in 0..<2 {
            try await scene.removeImages(from: docker)
            let start = ContinuousClock.now
            try await scene.load(docker.socket).check()
            duration = min(duration, ContinuousClock.now - start)
        }
        var random = Nightly.random("kills of the \(victim)")
        let count = Nightly.count(6, nightly: 100)
        var kills = 0
        var number = 0
        // The loads before may have been slow, so that the first moments come too late.
        while number < count || (kills <= count / 4 && number < 4 * count) {
            defer { number += 1 }
            try await scene.removeImages(from: docker)
            // One in each part of the whole time, and at random there.
            let moment = duration * (Double(number % count) + Double.random(in: 0...1, using: &random)) / Double(count)
            let what = "the \(victim) killed after \(moment) of \(duration)"
            let start = ContinuousClock.now
            let loader = try scene.load(docker.socket, "--wait", "0").start()
            try await Task.sleep(for: moment)
            if loader.status == .exited(0) { duration = min(duration, ContinuousClock.now - start) }
            switch victim {
            case .loader:
                loader.kill()
                if await loader.waitForEnd() == .signalled(9) { kills += 1 }
            case .daemon:
                await docker.kill()
                // It may have been done before, or it tells that its daemon has gone.
                let status = await loader.waitForEnd()
                #expect(status == .exited(7) || status == .exited(0), "\(what): \(status)")
                if status == .exited(7) { kills += 1 }
                try await docker.start()
            }
            let result = try await scene.load(docker.socket).run()
            #expect(result.status == .exited(0), "\(what): \(result.errorText)")
            try await scene.expectImages(in: docker, what, running: number % scene.images.count)
        }
        #expect(kills > count / 4, "\(kills) of \(number) were killed in a load")
    }

    /// The daemon has the whole archive then, goes on alone, and must neither be disturbed by healing nor undo it.
    @Test(arguments: [0, 2])
    func `a loader that is killed when all was sent is healed while the daemon still works`(image: Int) async throws {
        let scene = try await LoadScene(size: 4 << 20)
        let docker = try await DockerDaemon()
        let loader = Later<RunningCommand>()
        let loads = Mutex(0)
        let relay = try DockerRelay(to: docker.socket) { sent, total in
            guard sent == total,
                loads.withLock({ loads in
                    loads += 1; return loads == image + 1
                })
            else { return }
            loader.get().kill()
        }
        loader.set(try scene.load(relay.socket).start())
        #expect(await loader.get().waitForEnd() == .signalled(9))
        let result = try await scene.load(relay.socket).run()
        #expect(result.status == .exited(0), "\(result.errorText)")
        try await scene.expectImages(in: docker)
        // What the daemon did after the healing has changed nothing.
        try await scene.expectNothingToDo(relay.socket)
    }

    @Test func `a loader that is killed in the middle of an archive is healed at once`() async throws {
        let scene = try await LoadScene(size: 8 << 20)
        let docker = try await DockerDaemon()
        let loader = Later<RunningCommand>()
        let wasKilled = Mutex(false)
        let relay = try DockerRelay(to: docker.socket) { sent, total in
            // Far before the end: as much again and more lies in the socket.
            guard sent > total / 2,
                !wasKilled.withLock({ was in
                    defer { was = true }; return was
                })
            else { return }
            loader.get().kill()
        }
        loader.set(try scene.load(relay.socket).start())
        #expect(await loader.get().waitForEnd() == .signalled(9))
        let result = try await scene.load(relay.socket).run()
        #expect(result.status == .exited(0), "\(result.errorText)")
        try await scene.expectImages(in: docker)
    }
}
