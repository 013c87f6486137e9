import Foundation
import TestSupport
import Testing

/// Bundles as disc images, read back by other programs than the one that wrote them.
@Suite(.enabled(if: Toolbox.has("xorriso"))) struct DiscCommandTests {
    private let scene: DiscScene

    init() async throws { scene = try await DiscScene() }

    @Test func `a disc image holds the bundle and nothing else, and is the same whenever and wherever it is written`()
        async throws
    {
        try await scene.iso("one.iso").check()
        try await scene.extract("one.iso", to: "read")
        #expect(try scene.program.tree("read") == scene.program.tree("bundle"))
        try await scene.program.expectWhole("read")

        // Another folder, other times and inode numbers, and another way that leads there.
        try await Command(
            "sh",
            [
                "-c",
                "cd bundle && find . -type f | sort -r | while read -r f; do install -D -m 700 $f ../other/$f; done; ln -s other ../link",
            ],
            workingDirectory: scene.program.directory.path
        ).check()
        var command = scene.iso("two.iso", bundle: "link")
        command.arguments = ["-c", "umask 077 && exec \"$0\" \"$@\"", command.program] + command.arguments
        command.program = "sh"
        try await command.check()
        #expect(try scene.program.directory.read("one.iso") == scene.program.directory.read("two.iso"))
        #expect(try await scene.report("one.iso", "-pvd_info").contains("Volume Id    : BUNDLE\n"))
        try scene.expectOnly(["one.iso", "two.iso"])
    }

    @Test func `the label and the folder are as wished`() async throws {
        try await scene.iso("new.iso", "--volume-id", "EDGE_STACK_42", "--folder", "bundles/edge").check()
        #expect(try await scene.report("new.iso", "-pvd_info").contains("Volume Id    : EDGE_STACK_42\n"))
        try await scene.extract("new.iso", to: "read")
        try await scene.program.expectWhole("read/bundles/edge")
        for label in ["", "lower", "A B", "Ä", String(repeating: "A", count: 33)] {
            #expect(try await scene.iso("bad.iso", "--volume-id", label).run().status == .exited(64), "\(label)")
        }
        for folder in ["", "/a", "a//b", "..", "a/../b", ".hidden", "a b", String(repeating: "a", count: 65)] {
            #expect(try await scene.iso("bad.iso", "--folder", folder).run().status == .exited(64), "\(folder)")
        }
        try scene.expectOnly(["new.iso"])
    }

    @Test(.enabled(if: Toolbox.has("checkisomd5"))) func `a burnt disc can be tested by checkisomd5`() async throws {
        try await scene.iso("new.iso").check()
        let path = scene.program.directory.path("new.iso")
        try await Command("checkisomd5", [path]).check()
        var bytes = try scene.program.directory.read("new.iso")
        for position in [0, 32768, bytes.count / 2] {
            bytes[position] ^= 1
            try scene.program.directory.write(bytes, to: "bad.iso")
            bytes[position] ^= 1
            let result = try await Command("checkisomd5", [scene.program.directory.path("bad.iso")]).run()
            #expect(result.status != .exited(0), "\(position)")
        }
    }

    @Test func `nothing that is there is replaced, and no bundle gets another file`() async throws {
        try scene.program.directory.write("mine", to: "taken.iso")
        #expect(try await scene.iso("taken.iso").run().status == .exited(64))
        #expect(try scene.program.directory.read("taken.iso") == Array("mine".utf8))
        #expect(try await scene.iso("bundle/new.iso").run().status == .exited(64))
        #expect(try await scene.iso("new.iso", "--firstboot", "keys").run().status == .exited(64))
        #expect(try await scene.iso("absent/new.iso").run().status == .exited(5))
        try scene.expectOnly(["taken.iso"])
    }

    @Test func `what is not trusted or not whole gets onto no medium`() async throws {
        try await scene.program.succeed("keygen", "--output", scene.program.directory.path("others"))
        var command = scene.iso("new.iso")
        command.arguments[3] = scene.program.directory.path("others/release.pub")
        #expect(try await command.run().status == .exited(3))
        try scene.program.damagePack()
        #expect(try await scene.iso("new.iso").run().status == .exited(4))
        try scene.expectOnly([])
    }

    @Test(.enabled(if: Toolbox.canMount)) func `a volume that is too small is left as it was`() async throws {
        let volume = try await SmallVolume("size=1m")
        var command = scene.iso("unused")
        let position = try #require(command.arguments.firstIndex(of: "--output")) + 1
        command.arguments[position] = volume.path + "/new.iso"
        #expect(try await command.run().status == .exited(6))
        #expect(try FileManager.default.contentsOfDirectory(atPath: volume.path).isEmpty)
    }

    @Test(.enabled(if: Toolbox.canMount && Toolbox.has("strace"))) func `a volume that becomes full leaves nothing`()
        async throws
    {
        let volume = try await SmallVolume("size=16m")
        var command = scene.iso("unused")
        let position = try #require(command.arguments.firstIndex(of: "--output")) + 1
        command.arguments[position] = volume.path + "/new.iso"
        let result = try await command.injecting("error=ENOSPC:when=4+", in: "copy_file_range").run()
        #expect(result.status == .exited(6), "\(result.errorText)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: volume.path).isEmpty)
    }

    @Test(.enabled(if: Toolbox.has("strace")), arguments: ["EXDEV", "EINVAL", "ENOSYS", "EOPNOTSUPP", "EINTR"])
    func `a file system that cannot copy by itself gets the same bytes`(error: String) async throws {
        try await scene.iso("clean.iso").check()
        try await scene.iso("new.iso").injecting("error=\(error):when=2+", in: "copy_file_range").check()
        #expect(try scene.program.directory.read("new.iso") == scene.program.directory.read("clean.iso"))
    }

    @Test(.enabled(if: Toolbox.has("strace"))) func `an image that does not come back as it was written gets no name`()
        async throws
    {
        var refusals = 0
        for moment in 1...8 {
            // A byte that never arrives, though the kernel says so.
            let call = moment % 2 == 0 ? "write" : "copy_file_range"
            let command = scene.iso("new.iso").injecting("retval=1:when=\(moment)", in: call)
            let result = try await command.run()
            if result.status == .exited(4) {
                refusals += 1
                try scene.expectOnly([])
            } else {
                #expect(result.status == .exited(0), "\(moment): \(result.errorText)")
                try await scene.program.expectWhole("new.iso")
                try scene.program.remove("new.iso")
            }
        }
        #expect(refusals >= 6)
    }

    @Test(.enabled(if: Toolbox.has("strace"))) func `a run that is killed is completed to the same bytes`() async throws
    {
        try await scene.iso("clean.iso").check()
        let clean = try scene.program.directory.read("clean.iso")
        var kills = 0
        for (call, moment) in [
            ("fsync", 1), ("fsync", 3), ("write", 3), ("copy_file_range", 1), ("copy_file_range", 9), ("pwrite64", 1),
            ("renameat", 1), ("renameat", 2),
            ("unlinkat", 1),
            ("fadvise64", 1), ("mkdirat", 1),
        ] {
            let result = try await scene.iso("new.iso").injecting("signal=KILL:when=\(moment)", in: call).run()
            if result.status == .signalled(9) { kills += 1 }
            if scene.program.exists("new.iso") {
                #expect(try scene.program.directory.read("new.iso") == clean, "\(call) \(moment)")
            } else {
                try await scene.iso("new.iso").check()
                #expect(try scene.program.directory.read("new.iso") == clean, "\(call) \(moment)")
            }
            try scene.program.remove("new.iso")
            try scene.program.remove(".new.iso.partial")
        }
        #expect(kills >= 6)
    }
}
