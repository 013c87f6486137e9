import Foundation
import StrictJSON
import TestSupport
import Testing

/// `bundle load --target registry-dir`, as people run it: other users, odd masks, and kills.
@Suite struct RegistryLoadTests {
    private let program: Program
    private var storage: String { program.directory.path("storage") }

    init() async throws {
        program = try await Program()
        try program.directory.makeDirectory("storage")
    }

    private func build(_ scenario: ImageFactory.Scenario, _ tags: [String], platforms: String) async throws {
        try await ImageFactory.write(scenario, to: program.directory.path("layout"))
        let lines = tags.map { "  - image: oci-layout:./layout@\($0)\n    as: [local/\($0):1]" }
        try await program.build(try program.spec(lines.joined(separator: "\n"), platforms: platforms))
    }

    private func load() -> Command {
        program.command([
            "load", program.directory.path("bundle"), "--trust", program.trusted, "--target", "registry-dir",
            "--path", storage, "--state", program.directory.path("state"), "--no-progress", "--wait", "0",
            "--json",
        ])
    }

    private func results(_ result: CommandResult) throws -> [String] {
        try JSONNode(parsing: result.output).member("images").elements().map { try $0.member("result").string() }
    }

    /// No blob has other bytes than its name says, and no link leads to nothing.
    private func expectNothingWrong(_ sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let script = """
            cd storage; [ -d docker ] || exit 0
            find . -name data | while read -r blob; do
                name=${blob%/data}
                [ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${name##*/}" ] || exit 1
            done || exit 1
            find . -name link | while read -r link; do
                hex=$(sed s/sha256:// "$link")
                [ -f "docker/registry/v2/blobs/sha256/$(printf %.2s "$hex")/$hex/data" ] || exit 1
            done
            """
        #expect(try await program.directory.shell(script), sourceLocation: sourceLocation)
    }

    @Test func `a loader that is killed leaves nothing that is wrong, and the next one completes it`() async throws {
        try await build(.sharedBase, ["one", "two", "three"], platforms: "linux/amd64")
        let clock = ContinuousClock()
        let whole = try await clock.measure { try await load().check() }
        for part in 1...10 {
            for name in ["storage", "state"] { try program.remove(name) }
            try program.directory.makeDirectory("storage")
            let loader = try load().start()
            try await Task.sleep(for: whole / 11 * part)
            loader.kill()
            await loader.waitForEnd()
            try await expectNothingWrong()
            try await load().check()
            #expect(try results(await load().check()) == ["present", "present", "present"])
            try await expectNothingWrong()
            let find = Command(
                "find", ["storage", "state", "-name", ".tmp-*"], workingDirectory: program.directory.path)
            #expect(try await find.check().outputText == "")
        }
    }

    @Test func `a directory that comes late is waited for, one that never comes is no target`() async throws {
        try await build(.sharedBase, ["one"], platforms: "linux/amd64")
        try program.remove("storage")
        #expect(try await load().run().status == .exited(7))
        try program.remove("state")
        var patient = load()
        patient.arguments[try #require(patient.arguments.firstIndex(of: "--wait")) + 1] = "120"
        let loader = try patient.start()
        // It journals its target when it has reached it.
        while !program.exists("state") { #expect(loader.status == nil) }
        #expect(!program.exists("state/journal") && loader.status == nil)
        try program.directory.makeDirectory("storage")
        #expect(await loader.waitForEnd() == .exited(0))
    }

    @Test func `a loader with another state directory is waited for`() async throws {
        try await build(.sharedBase, ["one"], platforms: "linux/amd64")
        let other = open(storage, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(other) }
        try #require(flock(other, LOCK_EX | LOCK_NB) == 0)
        let result = try await load().run()
        #expect(result.status == .exited(1) && result.errorText.contains("another process is working there"))
        var patient = load()
        patient.arguments[try #require(patient.arguments.firstIndex(of: "--wait")) + 1] = "600"
        let loader = try patient.start()
        try await Task.sleep(for: .seconds(1))
        #expect(loader.status == nil && !program.exists("storage/docker"))
        try #require(flock(other, LOCK_UN) == 0)
        #expect(await loader.waitForEnd() == .exited(0))
        #expect(program.exists("storage/docker"))
    }

    @Test func `an image of several platforms that is there in part is no damaged journal`() async throws {
        try await build(.multiPlatform, ["multi"], platforms: "linux/amd64, linux/arm64, linux/arm/v7")
        try await load().check()
        try FileManager.default.removeItem(
            atPath: storage + "/docker/registry/v2/repositories/local/multi/_manifests/tags/1/current")
        #expect(try results(await load().check()) == ["loaded"])
        let last = try await load().run()
        #expect(last.status == .exited(0), "\(last.errorText)")
        #expect(try results(last) == ["present"])
    }

    @Test(.enabled(if: geteuid() == 0), arguments: ["000", "022", "077"])
    func `modes and owners do not depend on the loader's mask`(mask: String) async throws {
        try await build(.sharedBase, ["one"], platforms: "linux/amd64")
        #expect(chown(storage, 1000, 1001) == 0)
        var command = load()
        command.arguments = ["-c", "umask \(mask); exec \"$0\" \"$@\"", command.program] + command.arguments
        command.program = "sh"
        try await command.check()
        let wrong = """
            find storage -mindepth 1 ! \\( -uid 1000 -gid 1001 \\) -o -mindepth 1 -type d ! -perm 755 -o -type f ! -perm 644
            """
        #expect(
            try await Command("sh", ["-c", wrong], workingDirectory: program.directory.path).check().output.isEmpty)
    }

    /// What one task gives away another finds as this process's own, unless capabilities are all there.
    @Test(.enabled(if: geteuid() == 0 && Toolbox.has("strace")))
    func `blobs that make one directory at once give it to its owner without CAP_FOWNER`() async throws {
        try await build(.sharedBase, ["one"], platforms: "linux/amd64")
        #expect(chown(storage, 1000, 1001) == 0)
        var command = load()
        command.arguments = ["--bounding-set=-fowner", "--inh-caps=-fowner", command.program] + command.arguments
        command.program = "setpriv"
        command = command.injecting("delay_enter=100000", in: "fchmod")
        command.environment["LIBDISPATCH_COOPERATIVE_POOL_STRICT"] = nil
        let result = try await command.run()
        #expect(result.status == .exited(0), "\(result.errorText)")
        let foreign = Command("find", [storage, "!", "-uid", "1000", "-o", "!", "-gid", "1001"])
        #expect(try await foreign.check().output.isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0)) func `who is neither root nor the owner is refused, the owner is not`()
        async throws
    {
        try await build(.sharedBase, ["one"], platforms: "linux/amd64")
        #expect(chown(storage, 1000, 1001) == 0)
        for name in ["", "bundle", "keys", "state"] {
            try program.directory.makeDirectory(name)
            #expect(chmod(program.directory.path(name), 0o755) == 0)
        }
        for (user, status) in [("1002", 7), ("1000", 0)] as [(String, Int32)] {
            var command = load()
            command.arguments =
                ["--reuid=" + user, "--regid=1001", "--clear-groups", "--", command.program] + command.arguments
            command.program = "setpriv"
            #expect(chown(program.directory.path("state"), try #require(UInt32(user)), 1001) == 0)
            let result = try await command.run()
            #expect(result.status == .exited(status), "\(result.errorText)")
            for name in ["receipts.jsonl", "journal", "documents", "floors"] { try program.remove("state/" + name) }
        }
    }
}
