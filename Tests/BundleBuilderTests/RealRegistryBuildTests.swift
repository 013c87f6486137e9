import BundleBuilder
import BundleFormat
import BundleSpec
import Cryptography
import Foundation
import OCI
import TestSupport
import Testing

/// Images that real programs pushed into a real registry, built, verified and made anew, bit for bit.
@Suite(.serialized, .enabled(if: Toolbox.has("docker-registry", "skopeo", "curl"))) struct RealRegistryBuildTests {
    /// Builds the names of a registry and compares everything with what it stores.
    @discardableResult
    private func roundTrip(
        _ names: [String], of registry: DockerRegistry, in workshop: Workshop, platforms: String = "linux/amd64",
        packSize: Int64 = BundleLayout.defaultPackSize
    ) async throws -> BundleContents {
        var roots: [String: Digest] = [:]
        for name in names { roots[registry.reference(name)] = try await Push.digest(of: name, in: registry) }
        let specification = try workshop.specification(of: names.map { registry.reference($0) }, platforms: platforms)
        let contents = try await workshop.make(specification, packSize: packSize)
        try contents.expectIdentical(roots: roots) { try registry.stored($0) }
        return contents
    }

    @Test(.enabled(if: Toolbox.hasDockerDaemon))
    func `what docker pushed comes back bit for bit`() async throws {
        let registry = try await DockerRegistry()
        let daemon = try await DockerDaemon()
        let workshop = try Workshop()
        var names: [String] = []
        for (scenario, tag) in [
            (ImageFactory.Scenario.everything, "everything"), (.sharedBase, "one"), (.sharedBase, "two"),
        ] {
            let layout = try TemporaryDirectory()
            try await ImageFactory.write(scenario, to: layout.path("layout"))
            let name = "docker/\(tag):1"
            try await Push.docker(layout.path("layout"), tag: tag, as: name, to: registry, daemon: daemon)
            names.append(name)
        }
        let contents = try await roundTrip(names, of: registry, in: workshop)
        #expect(contents.manifest.documents.contains { $0.mediaType == .dockerManifest })
        // 5 layers of the one image; 2 shared and 1 own for each of the others.
        #expect(contents.manifest.layers.count == 9)
        #expect(contents.encoders == ["go, level 6"])
        #expect(!contents.manifest.layers.contains { $0.encoding == .verbatim(.gzip) })
        await daemon.stop()
    }

    @Test(.enabled(if: Toolbox.has("podman")))
    func `what podman pushed comes back bit for bit, gzip and zstd`() async throws {
        let registry = try await DockerRegistry()
        let workshop = try Workshop()
        let layout = try TemporaryDirectory()
        try await ImageFactory.write(.everything, to: layout.path("layout"))
        // Other layers: podman takes a gzip blob that it knows to be in the registry, whatever it is told.
        let other = try TemporaryDirectory()
        try await ImageFactory.write(.sharedBase, to: other.path("layout"))
        try await Push.podman(layout.path("layout"), tag: "everything", as: "podman/gzip:1", to: registry)
        try await Push.podman(
            other.path("layout"), tag: "one", as: "podman/zstd:1", to: registry,
            options: ["--compression-format", "zstd"])
        let contents = try await roundTrip(["podman/gzip:1", "podman/zstd:1"], of: registry, in: workshop)
        let encodings = Set(contents.manifest.layers.map(\.encoding))
        #expect(encodings.contains(.verbatim(.zstd)))
        // What pgzip made is made again: no gzip blob is stored.
        #expect(!encodings.contains(.verbatim(.gzip)))
        #expect(contents.encoders == ["klauspost-1.15, level 5, blocks of 1024 KiB"])
    }

    @Test func `what skopeo pushed comes back bit for bit, in packs of any size`() async throws {
        let registry = try await DockerRegistry()
        let workshop = try Workshop()
        var names: [String] = []
        for scenario in [ImageFactory.Scenario.everything, .sharedBase, .hundredLayers, .bigFiles, .compressions] {
            let layout = try TemporaryDirectory()
            let images = try await ImageFactory.write(scenario, to: layout.path("layout"))
            for name in images.names {
                let target = "skopeo/\(scenario):\(name.tag)".lowercased()
                try await Push.skopeo(layout.path("layout"), tag: name.tag, as: target, to: registry)
                #expect(try await Push.digest(of: target, in: registry) == name.descriptor.digest)
                names.append(target)
            }
        }
        let layout = try TemporaryDirectory()
        try await ImageFactory.write(.sharedBase, to: layout.path("layout"))
        try await Push.skopeo(
            layout.path("layout"), tag: "one", as: "skopeo/schema2:1", to: registry, keepsDigests: false,
            options: ["--format", "v2s2"])
        names.append("skopeo/schema2:1")
        let whole = try await roundTrip(names, of: registry, in: workshop)
        #expect(whole.manifest.packs.count == 1)
        #expect(whole.manifest.documents.contains { $0.mediaType == .dockerManifest })
        let hundred = try whole.image(registry.reference("skopeo/hundredlayers:hundred"))
        let bytes = try whole.document(hundred.root)
        guard case .manifest(let manifest) = try ImageDocument(parsing: bytes, mediaType: .ociManifest) else {
            throw CommandError(.failed, "it is no manifest")
        }
        #expect(manifest.layers.count == 100)
        let small = try await roundTrip(names, of: registry, in: workshop, packSize: 1 << 20)
        // A frame that is larger than a pack may be has a pack of its own.
        #expect(small.manifest.packs.count > 1)
    }

    @Test func `an index stays verbatim, and its images are those of the platforms asked for`() async throws {
        let registry = try await DockerRegistry()
        let workshop = try Workshop()
        let layout = try TemporaryDirectory()
        let images = try await ImageFactory.write(.multiPlatform, to: layout.path("layout"))
        try await Push.skopeo(layout.path("layout"), tag: "multi", as: "m:1", to: registry)
        let root = try #require(images.descriptor(tag: "multi"))
        guard case .index(let index) = try ImageDocument(parsing: registry.stored(root.digest), mediaType: .ociIndex)
        else { throw CommandError(.failed, "the registry stores no index") }
        #expect(index.manifests.count == 4)
        let reference = registry.reference("m:1")
        // The last is what BuildKit attests of the first.
        for (platforms, positions) in [
            ("linux/amd64", [0, 3]), ("linux/arm64", [1]), ("linux/arm/v7, linux/amd64", [0, 2, 3]),
            ("linux/amd64, linux/arm64/v8, linux/arm/v7", [0, 1, 2, 3]),
        ] {
            let contents = try await workshop.make(workshop.specification(of: [reference], platforms: platforms))
            #expect(try contents.image(reference).manifests == positions.map { index.manifests[$0].digest })
            #expect(try contents.document(root.digest) == images.blobs[root.digest])
            try contents.expectIdentical(roots: [reference: root.digest]) { try registry.stored($0) }
        }
        let absent = try workshop.specification(of: [reference], platforms: "linux/amd64, linux/s390x")
        #expect(await Workshop.code { _ = try await workshop.make(absent, output: "absent") } == .notFound)
        #expect(workshop.hasNoBundle("absent"))
    }

    @Test func `docker's schema 2 manifests and lists come back bit for bit`() async throws {
        let registry = try await DockerRegistry()
        let workshop = try Workshop()
        let images = try await ImageFactory.make(.dockerSchema2)
        try await Push.requests(images, tag: "schema2", as: "d/one:1", to: registry)
        try await Push.requests(images, tag: "list", as: "d/list:1", to: registry)
        let contents = try await roundTrip(
            ["d/one:1", "d/list:1"], of: registry, in: workshop, platforms: "linux/amd64")
        let types = Set(contents.manifest.documents.map(\.mediaType))
        #expect(types == [.dockerIndex, .dockerManifest, .dockerConfig])
        let single = try workshop.specification(of: [registry.reference("d/one:1")], platforms: "linux/arm64")
        #expect(await Workshop.code { _ = try await workshop.make(single, output: "absent") } == .notFound)
    }

    @Test func `layers that skopeo decompressed are cut along their files and share them`() async throws {
        let registry = try await DockerRegistry()
        let workshop = try Workshop()
        let layout = try TemporaryDirectory()
        for (scenario, tags) in [(ImageFactory.Scenario.bigFiles, ["v1", "v2"]), (.everything, ["everything"])] {
            try await ImageFactory.write(scenario, to: layout.path("layout"))
            for tag in tags {
                try await Push.decompressed(layout.path("layout"), tag: tag, as: "plain/\(tag):1", to: registry)
            }
        }
        let contents = try await roundTrip(
            ["plain/v1:1", "plain/v2:1", "plain/everything:1"], of: registry, in: workshop)
        #expect(contents.manifest.layers.allSatisfy { $0.encoding == .identity })
        // Two versions of 5 MiB of files; the second one adds only what changed.
        let layers = contents.manifest.layers.filter { 5 << 20 ~= $0.size & ~0xF_FFFF }
        #expect(layers.count == 2)
        #expect(contents.streamSize - contents.contentSize > 4 << 20)
    }

    @Test func `an image that the registry does not have is not found`() async throws {
        let registry = try await DockerRegistry()
        let workshop = try Workshop()
        let specification = try workshop.specification(of: [registry.reference("no/such:1")])
        #expect(await Workshop.code { _ = try await workshop.make(specification) } == .notFound)
        #expect(workshop.hasNoBundle())
        await registry.stop()
        #expect(await Workshop.code { _ = try await workshop.lock(specification) } == .source)
    }
}
