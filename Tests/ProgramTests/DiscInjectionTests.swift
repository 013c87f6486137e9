import Foundation
import TestSupport
import Testing

/// Bundles in images that boot, which keep booting.
@Suite(.enabled(if: Toolbox.has("grub-mkrescue", "mcopy", "xorriso"))) struct DiscInjectionTests {
    private let scene: DiscScene

    init() async throws {
        scene = try await DiscScene()
        let directory = scene.program.directory
        try directory.makeDirectory("base/boot/grub")
        try directory.makeDirectory("base/EFI keep")
        try directory.write("menuentry base {}\n", to: "base/boot/grub/grub.cfg")
        try directory.write("kept\n", to: "base/EFI keep/ä file")
        try directory.makeDirectory("profile/medium/boot/grub")
        try directory.makeDirectory("profile/medium/bundle-firstboot")
        try directory.write("menuentry ours {}\n", to: "profile/medium/boot/grub/grub.cfg")
        try directory.write("#!/bin/sh\n", to: "profile/medium/bundle-firstboot/late.sh")
        try directory.write("not on the medium\n", to: "profile/README.md")
        try directory.makeDirectory("site/units")
        try directory.write("LOAD_IMAGE=true\n", to: "site/firstboot.env")
        try directory.write("[Unit]\n", to: "site/units/a b@.service")
        try directory.write("#!/bin/sh\n", to: "site/install.sh")
        #expect(chmod(directory.path("site/install.sh"), 0o755) == 0)
        try await makeBase("base.iso", "-volid", "BASE_12", "-hfsplus", "off")
    }

    /// An image that boots from BIOS and from UEFI, where both are installed.
    private func makeBase(_ name: String, _ options: String...) async throws {
        try await Command(
            "grub-mkrescue",
            ["-o", scene.program.directory.path(name), scene.program.directory.path("base"), "--"] + options
        ).check()
    }

    private func inject(_ output: String, base: String = "base.iso", _ more: String...) -> Command {
        var command = scene.iso(output, "--inject", scene.program.directory.path(base))
        command.arguments += more
        return command
    }

    /// The records of an image, without the addresses and sizes that move.
    private func records(_ image: String) async throws -> [String] {
        let text = try await scene.report(image, "-report_el_torito", "plain", "-report_system_area", "plain")
        return text.split(separator: "\n").filter { !$0.hasPrefix("Drive current") }.map { line in
            switch line.prefix(18) {
            case "El Torito catalog ", "ISO image size/512": String(line.prefix(18))
            case "GPT lba range     ", "GPT start and size", "MBR partition     ": String(line.prefix(24))
            case "El Torito boot img": line.split(separator: " ").dropLast().joined(separator: " ")
            default: String(line)
            }
        }
    }

    private func file(_ path: String, _ image: String) async throws -> [UInt8] {
        try await scene.extract(image, path, to: "extracted")
        defer { try? scene.program.remove("extracted") }
        return try scene.program.directory.read("extracted")
    }

    @Test func `an image that boots keeps its boot records and gets everything`() async throws {
        let command = inject("new.iso", base: "base.iso", "--firstboot", "site", "--profile", "profile")
        try await command.check()

        #expect(try await records("new.iso") == records("base.iso"))
        for path in ["/boot/grub/i386-pc/eltorito.img", "/efi.img"] {
            let (old, new) = (try await file(path, "base.iso"), try await file(path, "new.iso"))
            // The loader for BIOS has its own address within, from byte 8 on, and at its end that of what it loads.
            #expect(old.count == new.count && zip(old, new).count { $0 != $1 } <= 64, "\(path)")
        }
        let bootCode = 0..<432
        let (old, new) = (try scene.program.directory.read("base.iso"), try scene.program.directory.read("new.iso"))
        #expect(zip(old[bootCode], new[bootCode]).count { $0 != $1 } <= 8)
        let date = 32768 + 813..<32768 + 829
        #expect(old[date] == new[date])

        try await scene.extract("new.iso", to: "read")
        #expect(try scene.program.tree("read/bundle") == scene.program.tree("bundle"))
        func text(_ path: String) throws -> String {
            String(decoding: try scene.program.directory.read(path), as: UTF8.self)
        }
        #expect(try text("read/boot/grub/grub.cfg") == "menuentry ours {}\n")
        #expect(try text("read/EFI keep/ä file") == "kept\n")
        #expect(try text("read/bundle-firstboot/firstboot.env") == "LOAD_IMAGE=true\n")
        #expect(try text("read/bundle-firstboot/units/a b@.service") == "[Unit]\n")
        #expect(access(scene.program.directory.path("read/bundle-firstboot/install.sh"), X_OK) == 0)
        #expect(scene.program.exists("read/bundle-firstboot/late.sh"))
        #expect(!scene.program.exists("read/README.md"))
        #expect(try await scene.report("new.iso", "-pvd_info").contains("Volume Id    : BASE_12\n"))

        try await Command(
            "sh", ["-c", "touch -d 2001-01-01 bundle bundle/* site site/* profile/medium/*/*"],
            workingDirectory: scene.program.directory.path
        ).check()
        try await inject("again.iso", base: "base.iso", "--firstboot", "site", "--profile", "profile").check()
        #expect(try scene.program.directory.read("again.iso") == new)
        if Toolbox.path(of: "checkisomd5") != nil {
            try await Command("checkisomd5", [scene.program.directory.path("new.iso")]).check()
        }
    }

    @Test func `an image with a tree for old Macs loses that, and boots`() async throws {
        try await makeBase("mac.iso")
        try await inject("new.iso", base: "mac.iso", "--volume-id", "OURS").check()
        let report = try await scene.report("new.iso", "-report_el_torito", "plain", "-pvd_info")
        #expect(report.contains("BIOS  y"))
        #expect(report.contains("UEFI  y"))
        #expect(report.contains("Volume Id    : OURS\n"))
        try await scene.extract("new.iso", "/bundle", to: "read")
        try await scene.program.expectWhole("read")
    }

    @Test func `what would lie where something else lies is refused`() async throws {
        try await inject("new.iso", base: "base.iso").check()
        #expect(try await inject("two.iso", base: "new.iso").run().status == .exited(64))
        try await inject("two.iso", base: "new.iso", "--folder", "second").check()
        #expect(try await inject("bad.iso", base: "new.iso", "--folder", "BUNDLE").run().status == .exited(64))

        let directory = scene.program.directory
        try directory.write("x", to: "profile/medium/bundle-firstboot/FIRSTBOOT.env")
        #expect(
            try await inject("bad.iso", base: "base.iso", "--firstboot", "site", "--profile", "profile").run().status
                == .exited(64))
        try directory.makeDirectory("profile/medium/Bundle")
        try directory.write("x", to: "profile/medium/Bundle/x")
        #expect(try await inject("bad.iso", base: "base.iso", "--profile", "profile").run().status == .exited(64))
        for name in ["quote'", "star*", "back\\slash"] {
            try directory.write("x", to: "site/\(name)")
            #expect(
                try await inject("bad.iso", base: "base.iso", "--firstboot", "site").run().status == .exited(64),
                "\(name)")
            try scene.program.remove("site/\(name)")
        }
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("site/link"), withDestinationPath: "/etc/passwd")
        #expect(try await inject("bad.iso", base: "base.iso", "--firstboot", "site").run().status == .exited(64))
        #expect(try await inject("bad.iso", base: "base.iso", "--firstboot", "absent").run().status == .exited(5))
        #expect(try await inject("bad.iso", base: "bundle/STATEMENT").run().status == .exited(4))
        #expect(try await inject("bad.iso", base: "absent").run().status == .exited(5))
        try scene.expectOnly(["base.iso", "new.iso", "two.iso"])
    }

    @Test func `a base that is cut off or damaged ends in a sentence`() async throws {
        let bytes = try scene.program.directory.read("base.iso")
        for (count, code) in [(40_000, [1, 4]), (300_000, [1, 4])] as [(Int, [Int32])] {
            try scene.program.directory.write(Array(bytes.prefix(count)), to: "cut.iso")
            let result = try await inject("bad.iso", base: "cut.iso").run()
            #expect(code.contains { result.status == .exited($0) }, "\(count): \(result.errorText)")
        }
        var random = DeterministicRandom(seed: 7)
        for _ in 0..<5 {
            // Directory records lie in the first sectors behind the descriptors.
            var damaged = bytes
            for position in random.bytes(64) { damaged[32768 + 2048 * 8 + Int(position) * 40] ^= 0xFF }
            try scene.program.directory.write(damaged, to: "cut.iso")
            let result = try await inject("maybe.iso", base: "cut.iso").run()
            #expect([0, 1, 4, 64].contains { result.status == .exited($0) }, "\(result.status) \(result.errorText)")
            try scene.program.remove("maybe.iso")
        }
    }

    /// Runs with another xorriso at the place of the real one, in a mount namespace of its own.
    private func with(_ script: String, _ command: Command) async throws -> CommandResult {
        let directory = scene.program.directory
        try await Command("cp", [try #require(Toolbox.path(of: "xorriso")), directory.path("real")]).check()
        let fake = try await directory.write(script: "#!/bin/sh\n\(script)\n", to: "fake")
        var command = command
        command.arguments =
            ["--mount", "sh", "-c", "mount --bind \(fake) /usr/bin/xorriso && exec \"$0\" \"$@\"", command.program]
            + command.arguments
        command.environment["REAL"] = directory.path("real")
        command.program = "unshare"
        return try await command.run()
    }

    @Test(
        .enabled(if: Toolbox.canMount),
        arguments: [
            (
                "a byte of a pack",
                "printf X | dd of=$OUT bs=1 seek=$(($(stat -c %s $OUT) - 400000)) conv=notrunc 2>/dev/null", 4
            ),
            ("its end", "truncate -s -600k $OUT", 4),
            ("its descriptors", "dd if=/dev/zero of=$OUT bs=2048 seek=16 count=1 conv=notrunc 2>/dev/null", 4),
            ("the program's own failure", "exit 5", 1),
            ("the room", "echo 'libburn : FAILURE : No space left on device' >&2; exit 5", 6),
        ] as [(String, String, Int32)])
    func `an image that the program wrote wrong gets no name`(what: String, script: String, code: Int32) async throws {
        let directory = scene.program.directory.path
        let result = try await with(
            "\(directory)/real \"$@\" || exit; OUT=$(echo \(directory)/.new.iso.partial/archive)\n\(script)",
            inject("new.iso"))
        #expect(result.status == .exited(code), "\(what): \(result.errorText)")
        try scene.expectOnly(["base.iso"])
    }
}
