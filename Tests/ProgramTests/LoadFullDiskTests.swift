import Foundation
import Synchronization
import TestSupport
import Testing

/// Volumes without room at each stage of a load: exit code 6, one sentence, nothing lost, and a load that works afterwards.
@Suite(.serialized, .enabled(if: Toolbox.hasDockerDaemon && Toolbox.canMount && Toolbox.has("gcc")))
struct LoadFullDiskTests {
    private static func expectFull(
        _ result: CommandResult, _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == .exited(6), "\(what): \(result.errorText)", sourceLocation: sourceLocation)
        // The first boot says with `bundle:` which one it has, and is told apart by its own name.
        let name = ("\n" + result.errorText).contains("\nbundle-firstboot: ") ? "bundle-firstboot: " : "bundle: "
        let sentences = result.errorText.split(separator: "\n").filter { $0.hasPrefix(name) }
        #expect(sentences.count == 1, "\(what): \(result.errorText)", sourceLocation: sourceLocation)
    }

    @Test func `a daemon without room is refused before anything is sent`() async throws {
        let scene = try await LoadScene()
        let volume = try await SmallVolume("size=64m")
        let docker = try await DockerDaemon(dataRoot: volume.path)
        let loads = Mutex(0)
        let relay = try DockerRelay(to: docker.socket) { _, _ in loads.withLock { $0 += 1 } }
        volume.fill(leaving: 4 << 20)
        Self.expectFull(try await scene.load(relay.socket).run())
        #expect(loads.withLock(\.self) == 0)
        volume.empty()
        try await scene.load(relay.socket).check()
        try await scene.expectImages(in: docker, running: 1)
        await docker.stop()
    }

    /// Something else takes the room, after it was checked: before an archive, in its middle, or when all of it was sent.
    @Test(arguments: [(0, 50), (1, 0), (1, 100), (2, 50)])
    func `a daemon that runs full during a load keeps what it had, and takes the rest later`(
        image: Int, percent: Int
    ) async throws {
        let scene = try await LoadScene()
        let volume = try await SmallVolume("size=64m")
        let docker = try await DockerDaemon(dataRoot: volume.path)
        let loads = Mutex(0)
        let relay = try DockerRelay(to: docker.socket) { sent, total in
            let number = loads.withLock { loads in
                if sent == 0 { loads += 1 }
                return loads - 1
            }
            if number == image, sent * 100 >= total * percent { volume.fill() }
        }
        let result = try await scene.load(relay.socket).run()
        // When the whole archive was sent, its layers may be there already.
        if percent < 100 || result.status != .exited(0) { Self.expectFull(result) }
        // Still full: what was interrupted cannot be healed, or what is missing not be loaded.
        let again = try await scene.load(relay.socket).run()
        #expect([.exited(6), .exited(0)].contains(again.status), "\(again.errorText)")
        volume.empty()
        let last = try await scene.load(relay.socket).run()
        #expect(last.status == .exited(0), "\(last.errorText)")
        try await scene.expectImages(in: docker, running: image)
        await docker.stop()
    }

    @Test func `a full state directory stops the load before, and in its middle`() async throws {
        let scene = try await LoadScene()
        let volume = try await SmallVolume("size=8m")
        let docker = try await DockerDaemon()
        let fullAt = Mutex<Int?>(nil)
        let loads = Mutex(0)
        let relay = try DockerRelay(to: docker.socket) { sent, _ in
            guard sent == 0 else { return }
            let number = loads.withLock { loads in
                loads += 1
                return loads - 1
            }
            if number == fullAt.withLock(\.self) { volume.fill() }
        }
        func load() async throws -> CommandResult {
            try await scene.load(relay.socket, state: volume.path + "/state").run()
        }
        volume.fill()
        Self.expectFull(try await load(), "before")
        #expect(try await docker.docker("images", "--all", "--quiet").isEmpty)
        #expect(loads.withLock(\.self) == 0)
        for number in 0..<scene.images.count {
            volume.empty()
            loads.withLock { $0 = 0 }
            fullAt.withLock { $0 = number }
            Self.expectFull(try await load(), "while image \(number) is sent")
            Self.expectFull(try await load(), "and it stays so")
            volume.empty()
            fullAt.withLock { $0 = nil }
            let result = try await load()
            #expect(result.status == .exited(0), "\(result.errorText)")
            try await scene.expectImages(in: docker, running: number)
            try await scene.removeImages(from: docker)
        }
    }

    @Test func `a state directory without inodes is as full`() async throws {
        let scene = try await LoadScene()
        let volume = try await SmallVolume("size=8m,nr_inodes=2")
        let docker = try await DockerDaemon()
        var full = 0
        for inodes in [2, 3, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20] {
            try await volume.remount("nr_inodes=\(inodes)")
            let result = try await scene.load(docker.socket, state: volume.path + "/state").run()
            guard result.status != .exited(0) else { break }
            Self.expectFull(result, "\(inodes) inodes")
            full += 1
        }
        #expect(full > 3)
        try await volume.remount("nr_inodes=1000")
        try await scene.load(docker.socket, state: volume.path + "/state").check()
        try await scene.expectImages(in: docker, running: 0)
    }

    @Test func `a directory of markers without room fails the run, and gets its markers in the next`() async throws {
        let scene = try await LoadScene()
        let volume = try await SmallVolume("size=1m,nr_inodes=1")
        let docker = try await DockerDaemon()
        let ready = volume.path + "/ready"
        for inodes in [1, 2, 3, 5, 8] {
            try await volume.remount("nr_inodes=\(inodes)")
            Self.expectFull(try await scene.firstBoot(docker.socket, ready: ready).run(), "\(inodes) inodes")
        }
        try await volume.remount("nr_inodes=1000")
        let result = try await scene.firstBoot(docker.socket, ready: ready).run()
        #expect(result.status == .exited(0), "\(result.errorText)")
        let markers = try FileManager.default.contentsOfDirectory(atPath: ready)
        for image in scene.images {
            let escaped = image.name.replacing("-", with: "\\x2d").replacing("/", with: "-")
            #expect(markers.contains("docker.io-" + escaped))
        }
        #expect(markers.contains(".ended"))
        try await scene.expectImages(in: docker, running: 0)
    }
}
