import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle load` and `bundle-firstboot` with a real docker daemon: three images on one base, as people load them.
@Suite(.enabled(if: Toolbox.hasDockerDaemon)) struct LoadCommandTests {
    private let program: Program
    private let docker: DockerDaemon

    init() async throws {
        program = try await Program()
        docker = try await DockerDaemon()
        try await ImageFactory.write(.sharedBase, to: program.directory.path("layout"))
        try await build(version: 1)
    }

    private func build(version: Int, output: String = "bundle") async throws {
        let lines = ["one", "two", "three"].map { "  - image: oci-layout:./layout@\($0)\n    as: [local/\($0):1]" }
        let spec = try program.spec(
            lines.joined(separator: "\n"), name: "spec-\(version).yaml", version: version)
        try await program.build(spec, output: output)
    }

    private func load(_ more: String..., bundle: String = "bundle") -> Command {
        program.command(
            [
                "load", program.directory.path(bundle), "--trust", program.trusted, "--host", docker.socket,
                "--state", program.directory.path("state"), "--no-progress",
            ] + more)
    }

    private func receipt() async throws -> JSONNode { try JSONNode(parsing: try await load("--json").check().output) }

    private func results(_ receipt: JSONNode) throws -> [String] {
        try receipt.member("images").elements().map { try $0.member("result").string() }
    }

    private func names() async throws -> Set<String> {
        Set(
            try await docker.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split(separator: "\n").map(
                String.init))
    }

    @Test func `images are loaded once, and the second run sends nothing`() async throws {
        let first = try await receipt()
        #expect(try results(first) == ["loaded", "loaded", "loaded"])
        #expect(try await names() == ["local/one:1", "local/two:1", "local/three:1"])
        for image in try first.member("images").elements() {
            let id = try image.member("id").string()
            #expect(try await docker.docker("inspect", "--format", "{{.Id}}", id) == id)
        }
        let second = try await receipt()
        #expect(try results(second) == ["present", "present", "present"])
        #expect(try second.member("sent").integer(in: 0...Int64.max) == 0)
        let lines = try program.directory.read("state/receipts.jsonl").split(separator: 0x0A)
        #expect(lines.count == 2)
    }

    @Test func `an image that somebody removed is loaded alone, without the layers that are there`() async throws {
        try await load().check()
        try await docker.docker("rmi", "local/two:1")
        let receipt = try await receipt()
        #expect(try results(receipt) == ["present", "loaded", "present"])
        let layers = try receipt.member("images").elements()[1].member("layers")
        #expect(try layers.member("sent").integer(in: 0...9) == 1)
        #expect(try layers.member("present").integer(in: 0...9) == 2)
    }

    @Test func `a dry run changes nothing and leaves no receipt`() async throws {
        let receipt = try JSONNode(parsing: try await load("--dry-run", "--json").check().output)
        #expect(try results(receipt) == ["missing", "missing", "missing"])
        #expect(try await names().isEmpty)
        #expect(!program.exists("state/receipts.jsonl"))
    }

    @Test func `one image by its name raises no floor`() async throws {
        try await load("--image", "local/two:1").check()
        #expect(try await names() == ["local/two:1"])
        #expect(!program.exists("state/floors"))
    }

    @Test func `an older version is refused after a newer one`() async throws {
        try await build(version: 2, output: "newer")
        try await load(bundle: "newer").check()
        let result = try await load().run()
        #expect(result.status == .exited(3), "\(result.errorText)")
        #expect(result.errorText.contains("rollback"))
    }

    @Test func `a foreign key, a damaged pack and an absent daemon have codes of their own`() async throws {
        _ = try await program.succeed("keygen", "--output", program.directory.path("other"))
        var foreign = load()
        foreign.arguments[3] = program.directory.path("other/release.pub")
        #expect(try await foreign.run().status == .exited(3))
        var absent = load("--wait", "0")
        absent.arguments[5] = program.directory.path("no.sock")
        #expect(try await absent.run().status == .exited(7))
        try program.damagePack()
        let result = try await load().run()
        #expect(result.status == .exited(4), "\(result.errorText)")
        #expect(try program.directory.read("state/receipts.jsonl").count > 0)
    }

    @Test(arguments: [5, 40, 120, 250])
    func `a loader that is killed is healed by the next`(milliseconds: Int) async throws {
        let loader = try load().start()
        try await Task.sleep(for: .milliseconds(milliseconds))
        loader.kill()
        await loader.waitForEnd()
        try await load().check()
        #expect(try await names() == ["local/one:1", "local/two:1", "local/three:1"])
        #expect(try results(try await receipt()) == ["present", "present", "present"])
    }

    @Test func `the first boot loads where LOAD_IMAGE is true, and tells who waits`() async throws {
        let directory = program.directory
        try directory.makeDirectory("trust")
        try FileManager.default.copyItem(atPath: program.trusted, toPath: directory.path("trust/release.pub"))
        func boot(_ value: String, _ arguments: [String] = []) async throws -> CommandResult {
            try directory.write(
                """
                # a site
                LOAD_IMAGE=\(value)
                BUNDLE_PATH=\(directory.path("bundle"))
                TARGET_PATH=\(docker.socket)
                TRUST_DIR=\(directory.path("trust"))
                STATE_DIR=\(directory.path("boot-state"))
                READY_DIR=\(directory.path("ready"))
                WAIT=1

                """, to: "firstboot.env")
            var command = program.command(["--config", directory.path("firstboot.env")] + arguments)
            command.program = Program.path + "-firstboot"
            return try await command.run()
        }
        #expect(try await boot("false").status == .exited(0))
        #expect(try await names().isEmpty)
        #expect(try await boot("true", ["--check-config"]).status == .exited(0))
        #expect(try await boot("true", ["--wait-for", "docker.io-local-one:1"]).status == .exited(5))
        let first = try await boot("true")
        #expect(first.status == .exited(0), "\(first.errorText)")
        #expect(try await names() == ["local/one:1", "local/two:1", "local/three:1"])
        #expect(try await boot("true", ["--wait-for", "docker.io-local-one:1"]).status == .exited(0))
        #expect(try await boot("true", ["--wait-for", "docker.io/local/three:1"]).status == .exited(0))
        #expect(try await boot("true").errorText.contains("nothing to do"))
        #expect(try await boot("true", ["--status"]).outputText.contains("present"))
        let mistaken = try await boot("yes")
        #expect(mistaken.status == .exited(64) && mistaken.errorText.contains("line 2"))
    }
}
