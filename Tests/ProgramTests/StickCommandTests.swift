import Foundation
import TestSupport
import Testing

/// Bundles on sticks of each file system; in the middle of things too.
@Suite(.enabled(if: Toolbox.canMount)) struct StickCommandTests {
    private let scene: DiscScene

    init() async throws { scene = try await DiscScene() }

    private func expectWhole(
        _ stick: StickVolume, _ folder: String = "bundle", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await scene.program.run(
            "verify", stick.path + "/" + folder, "--trust", scene.program.trusted, "--no-progress")
        #expect(result.status == .exited(0), "\(result.outputText)\(result.errorText)", sourceLocation: sourceLocation)
    }

    private func hasStatement(_ stick: StickVolume) -> Bool { access(stick.path + "/bundle/STATEMENT", F_OK) == 0 }

    /// The largest files, which are the packs.
    private func packs(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/blobs/sha256").map {
            "\(folder)/blobs/sha256/\($0)"
        }
        .filter { try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int ?? 0 > 500_000 }
        .sorted()
    }

    private func byte(_ path: String) throws -> UInt8 {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }
        try file.seek(toOffset: 1000)
        guard let byte = try file.read(upToCount: 1)?.first else { throw CommandError(.failed, "\(path) is too short") }
        return byte
    }

    private func flip(_ path: String) throws {
        let byte = try byte(path)
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.seek(toOffset: 1000)
        try file.write(contentsOf: Data([byte ^ 1]))
        try file.close()
    }

    @Test(arguments: StickVolume.Kind.allCases)
    func `a stick gets the bundle, and keeps what it has`(kind: StickVolume.Kind) async throws {
        guard kind.isAvailable else { return }
        let stick = try await StickVolume(kind)
        try Data("mine".utf8).write(to: URL(filePath: stick.path + "/mine.txt"))
        try await scene.usb(stick.path, "--folder", "bundle").check()
        try await expectWhole(stick)
        // STATEMENT alone.
        let again = try await scene.usb(stick.path, "--folder", "bundle").check()
        #expect(again.outputText.contains(" B written"))

        // A pack that rotted is written anew, and one that is missing too.
        let pack = try packs(stick.path + "/bundle")
        #expect(pack.count >= 2)
        try flip(pack[0])
        try FileManager.default.removeItem(atPath: pack[1])
        let repaired = try await scene.usb(stick.path, "--folder", "bundle").check()
        #expect(repaired.errorText.isEmpty)
        try await expectWhole(stick)

        // Another version takes its place, and leaves nothing of it.
        try await scene.build(version: 2, output: "newer")
        try await scene.usb(stick.path, bundle: "newer", "--folder", "bundle").check()
        try await expectWhole(stick)
        #expect(try stick.names() == ["bundle", "mine.txt"])
    }

    @Test func `a copy that is killed leaves no bundle, and is completed`() async throws {
        guard Toolbox.has("strace") else { return }
        let stick = try await StickVolume(.ext4)
        var kills = 0
        for (call, moment) in [
            ("write", 3), ("fsync", 3), ("fsync", 12), ("renameat", 1), ("renameat", 7), ("syncfs", 1), ("mkdirat", 2),
            ("fadvise64", 3),
        ] {
            let result = try await scene.usb(stick.path, "--folder", "bundle")
                .injecting("signal=KILL:when=\(moment)", in: call).run()
            if result.status == .signalled(9) {
                kills += 1
                #expect(!hasStatement(stick), "\(call) \(moment)")
            }
            try await scene.usb(stick.path, "--folder", "bundle").check()
            try await expectWhole(stick)
            // Half of it stays for the next round.
            for pack in try packs(stick.path + "/bundle").prefix(1) { try FileManager.default.removeItem(atPath: pack) }
        }
        #expect(kills >= 6)
    }

    /// Runs a copy whose volume is synced slowly, so that the stick can lie between writing and reading.
    private func lying(times: Int) async throws -> (status: CommandStatus, errorText: String, stick: StickVolume) {
        let stick = try await StickVolume(.ext4)
        var command = scene.usb(stick.path, "--folder", "bundle").injecting("delay_exit=1500000", in: "syncfs")
        command.arguments.removeAll { $0 == "--no-progress" }
        let wanted = try packs(scene.program.directory.path("bundle")).map { URL(filePath: $0).lastPathComponent }
        let child = try command.start()
        // Each time that the first pack is there as it should be, and all others are there, it rots.
        let right = try byte(scene.program.directory.path("bundle/blobs/sha256/" + wanted[0]))
        await Thread.running {
            var flips = 0
            while child.status == nil, flips < times {
                let pack = "\(stick.path)/bundle/blobs/sha256/\(wanted[0])"
                // It may be replaced at any moment.
                if let all = try? packs(stick.path + "/bundle"), all.count == wanted.count, (try? byte(pack)) == right,
                    (try? flip(pack)) != nil
                {
                    flips += 1
                }
                usleep(5000)
            }
        }
        let status = await child.waitForEnd()
        return (status, String(decoding: child.errorOutput(), as: UTF8.self), stick)
    }

    @Test(.enabled(if: Toolbox.has("strace"))) func `a byte that comes back wrong is found and written again`()
        async throws
    {
        let (status, errorText, stick) = try await lying(times: 1)
        #expect(status == .exited(0), "\(errorText)")
        #expect(errorText.contains("does not come back"))
        try await expectWhole(stick)
    }

    @Test(.enabled(if: Toolbox.has("strace"))) func `a stick that lies twice gets no bundle`() async throws {
        let (status, errorText, stick) = try await lying(times: 2)
        #expect(status == .exited(4), "\(errorText)")
        #expect(!hasStatement(stick))
    }

    @Test func `a stick that is too small is left as it was`() async throws {
        let stick = try await StickVolume(.ext4, size: "2M")
        #expect(try await scene.usb(stick.path, "--folder", "bundle").run().status == .exited(6))
        #expect(try stick.names("bundle").isEmpty)

        // One that has room for one bundle takes another one in its place.
        let volume = try await SmallVolume("size=6m")
        try await scene.usb(volume.path).check()
        try await scene.build(version: 2, output: "newer")
        try await scene.usb(volume.path, bundle: "newer").check()
        let result = try await scene.program.run("verify", volume.path, "--trust", scene.program.trusted)
        #expect(result.status == .exited(0))
        // One that has not keeps what it has.
        try await scene.buildLarger(output: "larger")
        #expect(try await scene.usb(volume.path, bundle: "larger").run().status == .exited(6))
        #expect(
            try await scene.program.run("verify", volume.path, "--trust", scene.program.trusted).status == .exited(0))
    }

    @Test func `what is no stick, and what is no bundle, is refused`() async throws {
        let folder = try scene.program.directory.makeDirectory("no stick")
        #expect(try await scene.usb(folder).run().status == .exited(64))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        #expect(try await scene.usb(folder + "/absent").run().status == .exited(5))
        let stick = try await SmallVolume("size=16m")
        for name in ["..", "/etc", "a//b", ""] {
            #expect(try await scene.usb(stick.path, "--folder", name).run().status == .exited(64), "\(name)")
        }
        try await scene.program.succeed("keygen", "--output", scene.program.directory.path("others"))
        var command = scene.usb(stick.path)
        command.arguments[3] = scene.program.directory.path("others/release.pub")
        #expect(try await command.run().status == .exited(3))
        // The size is right, and a byte is not: found while it is read for the copy.
        try scene.program.damagePack()
        #expect(try await scene.usb(stick.path).run().status == .exited(4))
        #expect(access(stick.path + "/STATEMENT", F_OK) != 0)
    }
}
