import BundleBuilder
import BundleFormat
import BundleSpec
import Cryptography
import Foundation
import OCI
import TestSupport
import Testing

/// Images that lie in OCI image layouts, alone and beside those of a registry.
@Suite struct LayoutBuildTests {
    @Test(arguments: ImageFactory.Scenario.allCases)
    func `every scenario comes back bit for bit from an image layout`(scenario: ImageFactory.Scenario) async throws {
        let workshop = try Workshop()
        let images = try await ImageFactory.write(scenario, to: workshop.directory.path("layout"))
        let lines = images.names.map { "  - image: oci-layout:./layout@\($0.tag)\n    as: [local/\($0.tag):1]" }
        let specification = try workshop.specification(lines.joined(separator: "\n"))
        let contents = try await workshop.make(specification)
        var roots: [String: Digest] = [:]
        for name in images.names { roots["oci-layout:./layout@\(name.tag)"] = name.descriptor.digest }
        try contents.expectIdentical(roots: roots) { try #require(images.blobs[$0]) }
    }

    @Test func `layers of every compression lie side by side, each in its encoding`() async throws {
        let workshop = try Workshop()
        let images = try await ImageFactory.write(.compressions, to: workshop.directory.path("layout"))
        let lines = images.names.map { "  - image: oci-layout:./layout@\($0.tag)\n    as: [local/\($0.tag):1]" }
        let contents = try await workshop.make(workshop.specification(lines.joined(separator: "\n")))
        let encodings = contents.manifest.layers.map(\.encoding)
        #expect(encodings.count { $0 == .identity } == 1)
        #expect(contents.encoders.count == 3)
        #expect(contents.encoders.allSatisfy { $0.contains("gnu-gzip, level ") || $0.hasSuffix("; 5 members") })
        #expect(encodings.count { $0 == .verbatim(.zstd) } == 1)
        #expect(Set(contents.manifest.layers.map(\.diffID)).count == 1)
    }

    @Test func `files that images share are stored once, across layers and images`() async throws {
        let workshop = try Workshop()
        var random = DeterministicRandom(seed: 7)
        let big = random.bytes(3 << 20)
        var changed = big
        changed.insert(contentsOf: random.bytes(100), at: 1 << 20)
        let shared = TarFixture.Entry.file("opt/shared", random.bytes(700_000))
        var images = ImageSet()
        for (tag, content) in [("a", big), ("b", changed), ("c", big)] {
            let layer = try await LayerFixture(
                [.directory("opt"), shared, .file("opt/big", content), .file("opt/name", tag)], compression: .none)
            images.add(ImageFixture([layer]), tag: tag)
        }
        try images.write(to: workshop.directory.path("layout"))
        let lines = ["a", "b", "c"].map { "  - image: oci-layout:./layout@\($0)\n    as: [local/\($0):1]" }
        let contents = try await workshop.make(workshop.specification(lines.joined(separator: "\n")))
        #expect(contents.streamSize > 11 << 20)
        // Once all of it, and what is near the insertion again.
        #expect(contents.contentSize < (3 << 20) + 700_000 + (3 << 18))
        for name in images.names {
            let image = try contents.image("oci-layout:./layout@\(name.tag)")
            #expect(image.root == name.descriptor.digest)
        }
        for layer in contents.manifest.layers { #expect(try contents.blob(layer.digest) == images.blobs[layer.digest]) }
    }

    @Test(arguments: [["image", "artifact"], ["artifact", "image"]])
    func `an artifact may name a blob that is a layer of an image too`(tags: [String]) async throws {
        let workshop = try Workshop()
        var images = ImageSet()
        let layer = try await LayerFixture([.file("a", "shared\n")])
        images.add(ImageFixture([layer]), tag: "image")
        images.addArtifact(type: "application/vnd.oci.image.layer.v1.tar+gzip", content: layer.blob, tag: "artifact")
        try images.write(to: workshop.directory.path("layout"))
        let lines = tags.map { "  - image: oci-layout:./layout@\($0)\n    as: [local/\($0):1]" }
        let contents = try await workshop.make(workshop.specification(lines.joined(separator: "\n")))
        #expect(contents.manifest.layers.map(\.digest) == [layer.digest])
        #expect(contents.manifest.layers.map(\.diffID) == [layer.diffID])
    }

    @Test(.enabled(if: Toolbox.has("docker-registry", "skopeo", "curl")))
    func `registry and layout images share a bundle, with names, groups, priorities and storage of their own`()
        async throws
    {
        let workshop = try Workshop()
        let registry = try await DockerRegistry()
        let images = try await ImageFactory.write(.sharedBase, to: workshop.directory.path("layout"))
        try await Push.skopeo(workshop.directory.path("layout"), tag: "one", as: "team/one:1", to: registry)
        let contents = try await workshop.make(
            try workshop.specification(
                """
                  - image: \(registry.reference("team/one:1"))
                    as: [local/one:current]
                    groups: [worker, edge]
                    tags: move
                  - image: oci-layout:./layout@two
                    as: [local/two:1]
                    priority: 5
                  - image: oci-layout:./layout@three
                    as: [local/three:1]
                    store: original
                    tags: fail
                """))
        let references = contents.manifest.images.map(\.reference)
        #expect(
            references == ["oci-layout:./layout@two", registry.reference("team/one:1"), "oci-layout:./layout@three"])
        let one = try contents.image(registry.reference("team/one:1"))
        #expect(
            one.names.map(\.description) == [registry.reference("team/one:1"), "docker.io/local/one:current"])
        #expect(one.groups == ["edge", "worker"])
        #expect(contents.manifest.images.map(\.tagPolicy) == [.keep, .move, .fail])
        #expect(contents.manifest.images.map(\.priority) == [5, 100, 100])
        // Three images on two layers, each with one of its own.
        #expect(contents.manifest.layers.count == 5)
        var roots: [String: Digest] = [:]
        for (reference, tag) in zip(references, ["two", "one", "three"]) {
            roots[reference] = images.descriptor(tag: tag)?.digest
        }
        try contents.expectIdentical(roots: roots) { try #require(images.blobs[$0]) }
    }

    @Test func `a layout that is damaged, or has no such image, is refused`() async throws {
        let workshop = try Workshop()
        let layout = workshop.directory.path("layout")
        let images = try await ImageFactory.write(.sharedBase, to: layout)
        func specification(_ image: String) throws -> Specification {
            try workshop.specification("  - image: \(image)\n    as: [local/a:1]")
        }
        for (image, code) in [
            ("oci-layout:./layout@four", BuildError.Code.notFound), ("oci-layout:./layout", .notFound),
            ("oci-layout:./nowhere@one", .notFound),
        ] {
            let wrong = try specification(image)
            #expect(await Workshop.code { _ = try await workshop.make(wrong) } == code, "\(image)")
        }
        let one = try specification("oci-layout:./layout@one")
        let lock = try await workshop.lock(one)
        let layer = try #require(
            images.blobs.first { $0.value.starts(with: [0x1F, 0x8B]) && $0.value.count > 100_000 })
        let path = "layout/blobs/sha256/" + layer.key.hex
        for (kind, bytes) in [
            ("one bit", Self.flipped(layer.value)), ("too short", Array(layer.value.dropLast())),
            ("too long", layer.value + [0]),
        ] {
            try workshop.directory.write(bytes, to: path)
            #expect(await Workshop.code { _ = try await workshop.make(one, lock: lock) } == .source, "\(kind)")
            #expect(workshop.hasNoBundle())
        }
        let blob = URL(fileURLWithPath: workshop.directory.path(path))
        try FileManager.default.removeItem(at: blob)
        #expect(await Workshop.code { _ = try await workshop.make(one, lock: lock) } == .source, "absent")
        try workshop.directory.write(layer.value, to: "elsewhere")
        try FileManager.default.createSymbolicLink(
            at: blob, withDestinationURL: URL(fileURLWithPath: workshop.directory.path("elsewhere")))
        #expect(await Workshop.code { _ = try await workshop.make(one, lock: lock) } == .source, "link")
        try FileManager.default.removeItem(at: blob)
        try workshop.directory.write(layer.value, to: path)
        _ = try await workshop.make(one, lock: lock)

        // Another image of the same name than the one that was locked.
        var others = ImageSet()
        others.add(try await ImageFactory.small(seed: 99), tag: "one")
        try others.write(to: layout)
        #expect(await Workshop.code { _ = try await workshop.make(one, lock: lock, cache: "cold") } == .lock)

        try FileManager.default.removeItem(atPath: layout + "/index.json")
        #expect(await Workshop.code { _ = try await workshop.make(one, lock: lock, cache: "cold") } == .source)
    }

    private static func flipped(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes[bytes.count / 2] ^= 0x10
        return bytes
    }
}
