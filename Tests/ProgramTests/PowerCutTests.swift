import Foundation
import TestSupport
import Testing

/// Power cuts, after a load and within: what the disk then holds is healed by the next load, to the last byte.
///
/// Shown by experiment that this can fail: after `docker load` of one image of 300 files ended well, the disk's copy of the
/// same instant had the image, and 300 of 300 files were empty, on ext4 and on xfs; loading again left them empty. With a
/// `sync -f` before the cut, none was.
@Suite(.serialized, .enabled(if: Toolbox.hasDockerDaemon && Toolbox.canMount && Toolbox.has("mkfs.xfs", "gcc")))
struct PowerCutTests {
    @Test(.timeLimit(.minutes(60)), arguments: CutDisk.FileSystem.allCases)
    func `what was loaded is whole after a power cut, at whatever instant`(fileSystem: CutDisk.FileSystem) async throws
    {
        let scene = try await LoadScene()
        var random = Nightly.random("power cuts on \(fileSystem)")
        for _ in 0..<Nightly.count(1, nightly: 20) {
            let machine = try await PowerCutMachine(fileSystem, scene)
            let start = ContinuousClock.now
            try await machine.load().check()
            let duration = ContinuousClock.now - start
            let after = try await machine.disk.cut()

            // Right after success nothing is healed, since nothing was lost.
            try await machine.reboot(after)
            try await scene.expectImages(in: machine.docker, "\(fileSystem), after a load")
            try await scene.expectNothingToDo(machine.docker.socket, state: machine.state)

            // The power goes several times in one load: each copy is a machine of its own.
            try await scene.removeImages(from: machine.docker)
            let moments = (0..<Nightly.count(2, nightly: 10)).map { _ in
                duration * Double.random(in: 0...1, using: &random)
            }.sorted()
            let loader = try machine.load().start()
            let begin = ContinuousClock.now
            var cuts: [(name: String, moment: Duration)] = []
            for moment in moments {
                try await Task.sleep(until: begin + moment, clock: .continuous)
                cuts.append((try await machine.disk.cut(), moment))
            }
            #expect(await loader.waitForEnd() == .exited(0))
            for cut in cuts { try await machine.heal(cut.name, "\(fileSystem), \(cut.moment) of \(duration)") }
        }
    }

    /// So that the tests above are known to be able to fail.
    @Test(.enabled(if: Nightly.isOn), arguments: CutDisk.FileSystem.allCases)
    func `docker itself loses files at a power cut after a load`(fileSystem: CutDisk.FileSystem) async throws {
        let scene = try await LoadScene()
        let (name, image) = scene.images[0]
        let tar = scene.program.directory.path("image.tar")
        var losses = 0
        for _ in 0..<3 {
            let machine = try await PowerCutMachine(fileSystem, scene)
            try await machine.load().check()
            try await machine.docker.docker("save", "--output", tar, name)
            try await scene.removeImages(from: machine.docker)
            try await machine.docker.docker("load", "--input", tar)
            try await machine.reboot(try await machine.disk.cut())
            // What docker has of the layers it takes as they are; often it cannot even make a container of them.
            try await machine.docker.docker("load", "--input", tar)
            let difference: String?
            do { difference = try await machine.docker.difference(name, from: image.layers) } catch {
                difference = "\(error)"
            }
            if difference != nil { losses += 1 }
        }
        #expect(losses > 0)
    }
}
