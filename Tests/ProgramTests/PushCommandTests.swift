import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle push` into real registries.
@Suite(.enabled(if: Toolbox.has("docker-registry", "skopeo"))) struct PushCommandTests {
    private let program: Program

    init() async throws {
        program = try await Program()
        try await ImageFactory.write(.sharedBase, to: program.directory.path("layout"))
        try await build(version: 1, tags: ["one", "two", "three"])
    }

    private func build(version: Int, tags: [String], output: String = "bundle") async throws {
        let lines = tags.map { "  - image: oci-layout:./layout@\($0)\n    as: [\"old.example.com/local/\($0):1\"]" }
        let spec = try program.spec(lines.joined(separator: "\n"), name: "spec-\(version).yaml", version: version)
        try await program.build(spec, output: output)
    }

    private func push(
        to destination: String, _ more: String..., bundle: String = "bundle", environment: [String: String] = [:]
    ) -> Command {
        program.command(
            [
                "push", program.directory.path(bundle), "--trust", program.trusted, "--to", destination,
                "--no-progress",
            ] + more, environment: environment)
    }

    private func result(_ command: CommandResult) throws -> (results: [String], sent: Int64, mounted: Int64) {
        let node = try JSONNode(parsing: command.output)
        return (
            try node.member("names").elements().map { try $0.member("result").string() },
            try node.member("sent").integer(in: 0...Int64.max), try node.member("mounted").integer(in: 0...Int64.max)
        )
    }

    /// The manifest as the registry serves it, and whether every blob of it is there, by another program.
    private func expectImage(
        _ name: String, in registry: DockerRegistry, from tag: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let source = try await Command(
            "skopeo", ["inspect", "--raw", "oci:\(program.directory.path("layout")):\(tag)"]
        ).check().output
        let found = try await Command(
            "skopeo", ["inspect", "--raw", "--tls-verify=false", "docker://\(registry.host)/\(name)"]
        ).check().output
        #expect(found == source, sourceLocation: sourceLocation)
        let copy = program.directory.path("copy-" + name.replacingOccurrences(of: "/", with: "_"))
        try await Command(
            "skopeo",
            [
                "copy", "--quiet", "--all", "--src-tls-verify=false", "docker://\(registry.host)/\(name)",
                "dir:\(copy)",
            ]
        ).check()
    }

    @Test func `what is there is not sent again, and blobs are mounted across repositories`() async throws {
        let registry = try await DockerRegistry()
        let first = try result(try await push(to: registry.host + "/site", "--json").check())
        #expect(first.results == ["pushed", "pushed", "pushed"])
        // Two layers are shared by all three.
        #expect(first.sent > 0 && first.mounted > first.sent)
        for tag in ["one", "two", "three"] {
            try await expectImage("site/local/\(tag):1", in: registry, from: tag)
        }
        let second = try result(try await push(to: registry.host + "/site", "--json").check())
        #expect(second.results == ["present", "present", "present"])
        #expect(second.sent == 0 && second.mounted == 0)
    }

    @Test func `names, prefixes and renames lead where they say`() async throws {
        let registry = try await DockerRegistry()
        let dry = try await push(to: registry.host, "--dry-run", "--rename", "local/one=shop/front").check()
        #expect(dry.outputText.contains("missing  \(registry.host)/shop/front:1"))
        try await push(to: registry.host, "--rename", "local/one=shop/front", "--image", "old.example.com/local/one:1")
            .check()
        try await expectImage("shop/front:1", in: registry, from: "one")
        let refused = [
            ["--rename", "local/none=a"], ["--rename", "a"], ["--rename", "a=b", "--rename", "a=c"],
            ["--rename", "local/one=A"],
        ]
        for options in refused {
            let command = program.command(
                ["push", program.directory.path("bundle"), "--trust", program.trusted, "--to", registry.host] + options)
            #expect(try await command.run().status == .exited(64), "\(options)")
        }
        // Two images with one name.
        let clash = try await push(
            to: registry.host, "--rename", "local/one=x", "--rename", "local/two=x"
        ).run()
        #expect(clash.status == .exited(7) && clash.errorText.contains("--rename"))
        #expect(try await push(to: "Not A Host").run().status == .exited(64))
    }

    @Test func `a tag that points elsewhere is moved, kept or an error`() async throws {
        let registry = try await DockerRegistry()
        try await push(to: registry.host).check()
        let lines = "  - image: oci-layout:./layout@two\n    as: [\"old.example.com/local/one:1\"]"
        try await program.build(try program.spec(lines, name: "moved.yaml", version: 2), output: "moved")
        let failed = try await push(to: registry.host, "--tags", "fail", bundle: "moved").run()
        #expect(failed.status == .exited(7) && failed.errorText.contains("local/one:1"))
        try await expectImage("local/one:1", in: registry, from: "one")
        let kept = try result(
            try await push(to: registry.host, "--tags", "keep", "--json", bundle: "moved").check())
        #expect(kept.results == ["kept"])
        try await push(to: registry.host, "--tags", "move", bundle: "moved").check()
        let manifest = try await Command(
            "skopeo", ["inspect", "--raw", "--tls-verify=false", "docker://\(registry.host)/local/one:1"]
        ).check().output
        let two = try await Command(
            "skopeo", ["inspect", "--raw", "oci:\(program.directory.path("layout")):two"]
        ).check().output
        #expect(manifest == two)
    }

    @Test func `a registry with TLS and a password takes them, and refuses without`() async throws {
        let registry = try await DockerRegistry(
            credentials: .init(username: "site", password: "s3cret"), tls: true)
        let authority = try #require(registry.authorityFile)
        let login = ["REGISTRY_USERNAME": "site", "REGISTRY_PASSWORD": "s3cret"]
        #expect(try await push(to: registry.host, environment: login).run().status == .exited(8))
        let anonymous = try await push(to: registry.host, "--ca-file", authority).run()
        #expect(anonymous.status == .exited(8) && anonymous.errorText.contains("REGISTRY_USERNAME"))
        let pushed = try result(
            try await push(to: registry.host, "--ca-file", authority, "--json", environment: login).check())
        #expect(pushed.results == ["pushed", "pushed", "pushed"])
        let skipping = try result(
            try await push(
                to: registry.host, "--insecure-skip-tls-verify", "--json", environment: login
            ).check())
        #expect(skipping.results == ["present", "present", "present"])
    }

    @Test func `an index is whole, or refused, or stands in by its platform`() async throws {
        try await ImageFactory.write(.multiPlatform, to: program.directory.path("multi"))
        func build(_ platforms: String, _ output: String) async throws {
            let spec = try program.spec(
                "  - image: oci-layout:./multi@multi\n    as: [\"old.example.com/multi:1\"]", name: output + ".yaml",
                platforms: platforms)
            try await program.build(spec, output: output)
        }
        try await build("linux/amd64", "sparse")
        let registry = try await DockerRegistry()
        // This registry wants what an index refers to.
        let kept = try await push(to: registry.host, bundle: "sparse").run()
        #expect(kept.status == .exited(7) && kept.errorText.contains("--sparse platform"))
        #expect(try await push(to: registry.host, "--sparse", "refuse", bundle: "sparse").run().status == .exited(7))
        try await push(to: registry.host, "--sparse", "platform", bundle: "sparse").check()
        let config = try await Command(
            "skopeo", ["inspect", "--config", "--tls-verify=false", "docker://\(registry.host)/multi:1"]
        ).check().outputText
        #expect(config.contains("amd64"))
    }

    @Test func `an upload that breaks goes on where it was`() async throws {
        // One layer of several chunks.
        var random = DeterministicRandom(seed: 9)
        let layer = try await LayerFixture([.file("random", random.bytes(40 << 20))], compression: .none)
        var images = ImageSet()
        images.add(ImageFixture([layer]), tag: "big")
        try images.write(to: program.directory.path("big"))
        let spec = try program.spec(
            "  - image: oci-layout:./big@big\n    as: [\"old.example.com/big:1\"]", name: "big.yaml")
        try await program.build(spec, output: "large")
        let registry = try await DockerRegistry()
        let proxy = try await CuttingProxy(to: registry.host, after: 20 << 20, cuts: 3)
        let pushed = try result(try await push(to: proxy.host, "--json", bundle: "large").check())
        #expect(pushed.results == ["pushed"])
        #expect(proxy.cuts > 0)
        await proxy.shutdown()
        let copy = program.directory.path("copy")
        try await Command(
            "skopeo",
            ["copy", "--quiet", "--src-tls-verify=false", "docker://\(registry.host)/big:1", "dir:\(copy)"]
        ).check()
        #expect(try program.directory.read("copy/" + layer.digest.hex) == layer.blob)
    }

    @Test func `nothing of a bundle that nobody trusts, or that is damaged, is pushed`() async throws {
        let registry = try await DockerRegistry()
        _ = try await program.succeed("keygen", "--output", program.directory.path("other"))
        let foreign = program.command([
            "push", program.directory.path("bundle"), "--trust", program.directory.path("other/release.pub"), "--to",
            registry.host,
        ])
        #expect(try await foreign.run().status == .exited(3))
        try program.damagePack()
        let damaged = try await push(to: registry.host).run()
        #expect(damaged.status == .exited(4), "\(damaged.errorText)")
        let tags = try FileManager.default.subpathsOfDirectory(atPath: registry.storage).filter {
            $0.contains("_manifests")
        }
        #expect(tags.isEmpty)
    }
}
