import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle export`, read by the programs that its files are for.
@Suite struct ExportCommandTests {
    private let scene: ExportScene
    private var directory: TemporaryDirectory { scene.program.directory }

    init() async throws { scene = try await ExportScene() }

    @Test(.enabled(if: Toolbox.hasDockerDaemon && Toolbox.has("tar")))
    func `docker loads one archive with each layer once, and runs what it holds`() async throws {
        let printed = try await scene.export("docker-archive", to: "all.tar").check()
        #expect(printed.outputText.contains("left out  oci-layout:./layout@sbom"))
        let names = try await Command.text("tar", "-tf", directory.path("all.tar")).split(separator: "\n")
        #expect(Set(names).count == names.count && names.last == "manifest.json")
        let docker = try await DockerDaemon()
        try await docker.docker("load", "--input", directory.path("all.tar"))
        for (name, image) in [(ExportScene.plainName, scene.plain), (ExportScene.packedName, scene.packed)] {
            #expect(try await docker.docker("inspect", "--format", "{{.Id}}", name) == image.imageID.description)
            #expect(try await docker.difference(name, from: image.layers, in: ["bin", "usr"], runs: true) == nil)
        }
        #expect(try await docker.docker("run", "--rm", "--network=none", ExportScene.indexName) == "it runs")
    }

    @Test(.enabled(if: Toolbox.hasDockerDaemon))
    func `each image in an archive of its own is loaded by itself`() async throws {
        try directory.makeDirectory("each")
        try await scene.export("docker-archive", to: "each", "--each").check()
        let names = ["multi", "packed", "plain"].map { "registry.example.com=5000+local+\($0)=1.tar" }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("each")).sorted() == names)
        let docker = try await DockerDaemon()
        try await docker.docker("load", "--input", directory.path("each/" + names[1]))
        #expect(
            try await docker.docker("images", "--format", "{{.Repository}}:{{.Tag}}") == ExportScene.packedName)
        #expect(try await docker.docker("run", "--rm", "--network=none", ExportScene.packedName) == "it runs")
    }

    @Test(.enabled(if: Toolbox.hasEngine("podman", "runc") && Toolbox.has("skopeo")))
    func `podman and skopeo read docker's archive`() async throws {
        try await scene.export("docker-archive", to: "all.tar").check()
        let podman = try await PodmanStorage(hasService: false)
        try await podman.podman("load", "--input", directory.path("all.tar"))
        let printed = try await podman.podman(
            "--runtime=runc", "run", "--rm", "--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=100:100",
            ExportScene.packedName)
        #expect(printed == "it runs")
        let config = try await Command(
            "skopeo",
            ["inspect", "--config", "--raw", "docker-archive:\(directory.path("all.tar")):\(ExportScene.plainName)"]
        ).check().output
        #expect(config == scene.plain.config)
    }

    @Test(.enabled(if: Toolbox.has("skopeo")), arguments: ["oci-archive", "oci-layout"])
    func `a layout holds every document and blob as the registry had it`(format: String) async throws {
        try await scene.export(format, to: "out").check()
        let transport = format == "oci-layout" ? "oci" : format
        for (tag, name) in [
            ("plain", ExportScene.plainName), ("packed", ExportScene.packedName), ("multi", ExportScene.indexName),
            ("sbom", ExportScene.sbomName),
        ] {
            try await scene.expectSource(tag, at: "\(transport):\(directory.path("out")):\(name)")
        }
        guard format == "oci-layout" else { return }
        let blobs = try FileManager.default.contentsOfDirectory(atPath: directory.path("out/blobs/sha256"))
        #expect(Set(blobs) == Set(scene.images.blobs.keys.map(\.hex)))
    }

    @Test(.enabled(if: Toolbox.hasEngine("containerd", "ctr")))
    func `containerd imports what k3s does, whole and with its digests`() async throws {
        try directory.makeDirectory("images")
        try await scene.export("k3s", to: "images", "--platform", "linux/amd64").check()
        let containerd = try await ContainerdDaemon()
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path("images"))
        #expect(files.count == 3 && files.allSatisfy { $0.hasSuffix(".tar") })
        // k3s wants all platforms of what it imports.
        for file in files {
            try await containerd.ctr("images", "import", "--all-platforms", directory.path("images/" + file))
        }
        let checked = try await containerd.ctr("images", "check").split(separator: "\n").dropFirst()
        #expect(checked.count == 3 && checked.allSatisfy { $0.contains("complete") && $0.contains("true") })
        let plain = try #require(checked.first { $0.contains(ExportScene.plainName) })
        #expect(plain.contains(scene.plain.descriptor.digest.description))
        for name in [ExportScene.packedName, ExportScene.indexName] {
            let printed = try await containerd.ctr("run", "--rm", name, "export-" + UUID().uuidString)
            #expect(printed == "it runs")
        }
    }

    @Test func `the same images are the same bytes, whenever and wherever they are written`() async throws {
        try await scene.build(version: 2, output: "later")
        for format in ["docker-archive", "oci-archive"] {
            try await scene.export(format, to: format, "--jobs", "1").check()
            try await scene.export(format, to: format + "-later", bundle: "later", "--jobs", "3").check()
            let printed = try await scene.export(format, to: "-").check().output
            let bytes = try directory.read(format)
            #expect(bytes == printed, "\(format)")
            #expect(try bytes == directory.read(format + "-later"), "\(format)")
        }
        for format in ["oci-layout", "k3s"] {
            try await scene.export(format, to: format).check()
            try await scene.export(format, to: format + "-later", bundle: "later").check()
            #expect(try scene.program.tree(format) == scene.program.tree(format + "-later"))
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(!names.contains { $0.contains("partial") })
    }

    @Test func `what is there is not replaced, and what cannot be is refused`() async throws {
        try directory.write("mine", to: "file")
        try directory.makeDirectory("full")
        try directory.write("mine", to: "full/file")
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("link"), withDestinationPath: directory.path("nowhere"))
        let table: [(format: String, output: String, more: [String])] = [
            ("oci-archive", "file", []), ("oci-archive", "full", []), ("oci-archive", "link", []),
            ("oci-layout", "file", []), ("oci-layout", "full", []), ("oci-layout", "link", []),
            ("oci-archive", "bundle/new", []), ("k3s", "bundle/blobs/new", []), ("oci-archive", ".", []),
            ("oci-layout", "-", []), ("k3s", "-", []), ("docker-archive", "-", ["--each"]),
            ("oci-layout", "new", ["--each"]), ("oci-archive", "new", ["--platform", "linux/amd64"]),
            ("docker-archive", "new", ["--platform", "linux"]), ("tar", "new", []),
            ("docker-archive", "new", ["--image", ExportScene.sbomName]),
        ]
        for (format, output, more) in table {
            var command = scene.export(format, to: output)
            command.arguments += more
            let result = try await command.run()
            #expect(result.status == .exited(64), "\(format) \(output) \(more): \(result.errorText)")
        }
        #expect(try directory.read("file") == Array("mine".utf8))
        #expect(try scene.program.tree("full") == ["file": Array("mine".utf8)])
        #expect(try await scene.export("k3s", to: "nowhere/new").run().status == .exited(5))
        let absent = try await scene.export("k3s", to: "new", "--platform", "linux/s390x").run()
        #expect(absent.status == .exited(5) && absent.errorText.contains("s390x"))
        try scene.expectNothing("new")
        try await scene.program.expectWhole()
    }

    @Test func `nothing of a bundle that nobody trusts, or that is damaged, gets a name`() async throws {
        _ = try await scene.program.succeed("keygen", "--output", directory.path("other"))
        let foreign = try await scene.program.run(
            "export", directory.path("bundle"), "--trust", directory.path("other/release.pub"), "--format",
            "oci-archive", "--output", directory.path("new"))
        #expect(foreign.status == .exited(3))
        try scene.program.damagePack()
        for format in ["docker-archive", "oci-archive", "oci-layout", "k3s"] {
            let result = try await scene.export(format, to: "new").run()
            #expect(result.status == .exited(4), "\(format): \(result.errorText)")
            try scene.expectNothing("new")
        }
        let printed = try await scene.export("oci-archive", to: "-").run()
        #expect(printed.status == .exited(4))
        #expect(!String(decoding: printed.output, as: UTF8.self).contains("index.json"))
    }
}
