import BundleBuilder
import BundleFormat
import BundleSpec
import Cryptography
import OCI
import TestSupport
import Testing

/// Images of a docker daemon, and of what `docker save` writes.
@Suite(.enabled(if: Toolbox.hasDockerDaemon && Toolbox.has("skopeo"))) struct DaemonBuildTests {
    @Test func `a daemon's image keeps its ID, and is the same from the daemon and from what it saves`() async throws {
        let daemon = try await DockerDaemon()
        let workshop = try Workshop(environment: ["DOCKER_HOST": daemon.host])
        let archive = try await DockerArchiveFixture(last: .gzip(level: 1))
        try workshop.directory.write(archive.bytes, to: "made.tar")
        try await daemon.docker("load", "--input", workshop.directory.path("made.tar"))
        let id = try await daemon.docker("image", "inspect", "--format", "{{.Id}}", "local/second")
        #expect(id == archive.images[1].imageID.description)
        try await daemon.docker("save", "--output", workshop.directory.path("saved.tar"), "local/second", "first:1")

        let specification = try workshop.specification(
            """
              - image: docker-daemon:local/second
                platforms: [linux/amd64]
              - image: docker-daemon:\(id)
                as: [local/by-id:1]
              - docker-archive:saved.tar:first:1
            """)
        let saved = try workshop.specification("  - docker-archive:saved.tar:local/second")
        let contents = try await workshop.make(specification)
        let images = contents.manifest.images
        #expect(Set(images.filter { !$0.reference.contains("first") }.map(\.root)).count == 1)
        for image in images {
            let manifest = try contents.imageManifest(image.root)
            let fixture = archive.images[image.reference.contains("first") ? 0 : 1]
            #expect(manifest.config.digest == fixture.imageID)
            // The daemon has made the tars anew.
            #expect(manifest.layers.map(\.digest) == fixture.layers.map(\.diffID.digest))
            for (layer, original) in zip(manifest.layers, fixture.layers) {
                #expect(try contents.blob(layer.digest) == original.tar)
            }
        }
        let tree = try workshop.tree()
        #expect(try await workshop.make(saved, output: "saved").manifest.images[0].root == images[0].root)
        _ = try await workshop.make(specification, cache: "cold")
        #expect(try workshop.tree() == tree)

        for (source, code) in [
            ("docker-daemon:local/absent:1", BuildError.Code.notFound),
            ("docker-daemon:sha256:" + String(repeating: "0", count: 64), .notFound),
        ] {
            let wrong = try workshop.specification("  - image: \(source)\n    as: [a]")
            #expect(await Workshop.code { _ = try await workshop.make(wrong) } == code, "\(source)")
        }
        await daemon.stop()
        let one = try workshop.specification("  - docker-daemon:local/second")
        #expect(await Workshop.code { _ = try await workshop.make(one) } == .source)
    }

    @Test(.enabled(if: Toolbox.hasNewEngines && Toolbox.has("docker-registry")))
    func `a daemon with the store of containerd gives what the registry has, byte for byte`() async throws {
        let daemon = try await DockerDaemon(hasContainerdStore: true)
        let registry = try await DockerRegistry()
        let workshop = try Workshop(environment: ["DOCKER_HOST": daemon.host])
        var images = try await ImageFactory.make(.multiPlatform)
        images.add(try await ImageFactory.small(), tag: "single")
        let (multi, single) = (registry.reference("multi:1"), registry.reference("single:1"))
        for name in ["multi", "single"] { try await Push.requests(images, tag: name, as: "\(name):1", to: registry) }
        // Of the index one platform only.
        for name in [multi, single] { try await daemon.docker("pull", "--quiet", name) }
        let roots = try ["multi", "single"].map { try #require(images.descriptor(tag: $0)).digest }
        let id = try await daemon.docker("image", "inspect", "--format", "{{.Id}}", single)
        #expect(id == roots[1].description)
        try await daemon.docker("save", "--output", workshop.directory.path("saved.tar"), multi, single)

        let sources = [
            ["docker-daemon:" + multi: roots[0], "docker-daemon:" + id: roots[1]],
            ["docker-archive:saved.tar:" + multi: roots[0], "docker-archive:saved.tar:" + single: roots[1]],
        ]
        for (number, roots) in sources.enumerated() {
            let lines = roots.keys.sorted().map {
                "  - image: \($0)\n" + ($0.hasSuffix(id) ? "    as: [local/by-id:1]\n" : "")
            }
            let contents = try await workshop.make(
                workshop.specification(lines.joined()), cache: "cache\(number)", output: "bundle\(number)")
            try contents.expectIdentical(roots: roots) { try #require(images.blobs[$0]) }
        }
    }

    @Test func `a daemon elsewhere is refused`() async throws {
        let workshop = try Workshop(environment: ["DOCKER_HOST": "tcp://192.0.2.1:2375"])
        let one = try workshop.specification("  - docker-daemon:local/second")
        #expect(await Workshop.code { _ = try await workshop.make(one) } == .source)
    }
}
