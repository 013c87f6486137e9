import BundleFormat
import Engines
import Foundation
import OCI
import TestSupport
import Testing

/// What leaves a registry's directory and what stays in it, as a real registry sees it afterwards.
@Suite(.enabled(if: Toolbox.has("docker-registry", "skopeo"))) struct RegistryPruneTests {
    private static let amd64 = Platform(os: "linux", architecture: "amd64")
    private static let arm64 = Platform(os: "linux", architecture: "arm64")

    /// Two versions of an index and of an image on one base; tags `multi` and `plain` with the version behind.
    private struct Versions {
        let images: ImageSet
        let bundle: BundleOnDisk

        init(names: @escaping @Sendable (String) -> [String] = { [Versions.name($0)] }) async throws {
            let base = try await ImageFactory.files(seed: 1, count: 3, size: 4_000)
            var images = ImageSet()
            for version in 1...2 {
                var manifests: [Descriptor] = []
                for (number, platform) in [amd64, arm64].enumerated() {
                    let own = try await ImageFactory.files(seed: UInt64(10 * version + number), count: 2, size: 3_000)
                    manifests.append(images.add(ImageFixture([base, own], platform: platform)))
                }
                images.addIndex(manifests, tag: "multi-\(version)")
                let own = try await ImageFactory.files(seed: UInt64(10 * version + 5), count: 2, size: 3_000)
                images.add(ImageFixture([base, own]), tag: "plain-\(version)")
            }
            self.images = images
            bundle = try await BundleOnDisk(
                images, platforms: "linux/amd64, linux/arm64", names: names, settings: { _ in ["tags: move"] })
        }

        static func name(_ tag: String) -> String {
            let parts = tag.split(separator: "-")
            return "registry.example.com/local/\(parts[0]):\(parts[1])"
        }

        func of(_ version: Int) throws -> [TargetImage] {
            try ["multi", "plain"].map { try bundle.image("\($0)-\(version)") }
        }
    }

    private static func blobs(_ images: [TargetImage]) -> Set<String> {
        var digests: Set<Digest> = []
        for image in images {
            digests.insert(image.root.descriptor.digest)
            for instance in image.instances {
                digests.formUnion(
                    [instance.manifest.descriptor.digest, instance.config.descriptor.digest]
                        + instance.layers.map(\.digest))
            }
        }
        return Set(digests.map { RegistryDirectoryScene.blob($0) })
    }

    private static func size(_ scene: RegistryDirectoryScene) throws -> Int64 {
        try scene.tree().filter { $0.key.hasSuffix("/data") }.reduce(0) { $0 + $1.value.size }
    }

    @Test func `the older version goes, and the registry serves all platforms of the newer one`() async throws {
        let versions = try await Versions()
        let scene = try RegistryDirectoryScene()
        try await scene.seed(versions.bundle)
        let engine = try scene.engine()
        let request = PruneRequest(try versions.of(1) + versions.of(2), keeping: try versions.of(2), in: engine)
        let before = (tree: try scene.tree(), size: try Self.size(scene))
        let plan = try await engine.planPruning(request)
        #expect(try scene.tree() == before.tree)
        #expect(plan.map(\.result) == [.remove, .remove, .keep, .keep])
        #expect(plan.map(\.names) == [["local/multi:1"], ["local/plain:1"], [], []])
        _ = try await engine.prune(request)
        #expect(try before.size - Self.size(scene) == plan.reduce(0) { $0 + ($1.bytes ?? 0) })
        // Not a file more than if the older one had never been there.
        let fresh = try RegistryDirectoryScene()
        try await fresh.seed(versions.bundle, try versions.of(2))
        #expect(
            try Set(scene.tree().keys).filter { !$0.hasPrefix("docker/registry/v2/blobs/") }
                == Set(fresh.tree().keys).filter { !$0.hasPrefix("docker/registry/v2/blobs/") })
        #expect(try scene.blobs() == fresh.blobs() && scene.faults(versions.images) == [])

        let registry = try await DockerRegistry(storage: scene.storage)
        let served = Served(registry: registry)
        for image in try versions.of(2) {
            let name = try #require(image.image.names.first)
            for instance in image.instances {
                let pulled = try await served.pull(
                    "\(name.repository):\(name.tag ?? "")", try #require(instance.platform))
                #expect(Set(pulled.keys) == Set(instance.layers.map(\.digest) + [instance.config.descriptor.digest]))
            }
        }
        #expect(try await served.raw("local/multi:1") == nil)
        #expect(try await served.raw("local/multi@\(versions.of(1)[0].root.descriptor.digest)") == nil)
        // The registry's own collector finds nothing to do.
        try await registry.collectGarbage()
        #expect(try scene.blobs() == Self.blobs(versions.of(2)))
        #expect(try await engine.prune(request).map(\.result) == [.absent, .absent, .keep, .keep])
        try await scene.seed(versions.bundle)
        #expect(try scene.tree().keys == before.tree.keys)
    }

    @Test func `the last image of a repository takes the repository along`() async throws {
        let versions = try await Versions()
        let scene = try RegistryDirectoryScene()
        try await scene.seed(versions.bundle)
        let engine = try scene.engine()
        let request = PruneRequest(try versions.of(1) + versions.of(2), in: engine)
        #expect(try await engine.prune(request).map(\.result) == [.remove, .remove, .remove, .remove])
        #expect(try scene.blobs() == [])
        #expect(try scene.tree().keys.filter { $0.contains("local") }.isEmpty)
    }

    @Test func `tags and repositories of others hold what they need`() async throws {
        let versions = try await Versions()
        let scene = try RegistryDirectoryScene()
        try await scene.seed(versions.bundle)
        // Somebody gave one image another tag, and has the other in a repository of his own.
        let multi = try versions.bundle.image("multi-1")
        let tags = RegistryDirectoryScene.repository("local/multi/_manifests/tags/")
        try scene.write(Array(multi.root.descriptor.digest.description.utf8), to: tags + "mine/current/link")
        let others = try await Versions(names: { ["registry.example.com/mine/\($0):1"] })
        try await scene.seed(others.bundle, [try others.bundle.image("plain-1")])
        try scene.write(Array("upload".utf8), to: RegistryDirectoryScene.repository("local/plain/_uploads/1/data"))
        let engine = try scene.engine()
        let request = PruneRequest(try versions.of(1), keeping: try versions.of(2), in: engine)
        let steps = try await engine.prune(request)
        #expect(steps.map(\.result) == [.unname, .remove] && steps[1].bytes == 0)
        #expect(steps[0].reason?.contains("local/multi:mine") == true)
        #expect(try scene.blobs().isSuperset(of: Self.blobs(versions.of(1) + versions.of(2))))
        let served = Served(registry: try await DockerRegistry(storage: scene.storage))
        for platform in [Self.amd64, Self.arm64] { _ = try await served.pull("local/multi:mine", platform) }
        _ = try await served.pull("mine/plain-1:1", Self.amd64)
        #expect(try await served.raw("local/plain:1") == nil)
        #expect(try await served.raw("local/multi:1") == nil)
    }

    @Test func `a tag that has moved stays, and the image that it left goes with its history`() async throws {
        let versions = try await Versions()
        let (old, new) = try (
            versions.bundle.image("multi-1").named("registry.example.com/local/multi:stable", policy: .move),
            versions.bundle.image("multi-2").named("registry.example.com/local/multi:stable", policy: .move)
        )
        let scene = try RegistryDirectoryScene()
        try await scene.seed(versions.bundle, [old])
        let engine = try scene.engine()
        let request = PruneRequest([old], keeping: [new], in: engine)
        #expect(try await engine.prune(request).map(\.result) == [.keep])
        try await scene.seed(versions.bundle, [new])
        #expect(try await engine.prune(request).map(\.result) == [.remove])
        #expect(try scene.blobs() == Self.blobs([new]) && scene.faults(versions.images) == [])
        let served = Served(registry: try await DockerRegistry(storage: scene.storage))
        for platform in [Self.amd64, Self.arm64] { _ = try await served.pull("local/multi:stable", platform) }
    }

    @Test func `a manifest stays that an index lists which stays`() async throws {
        let layers = [try await ImageFactory.files(seed: 1, count: 2, size: 3_000)]
        var images = ImageSet()
        let child = images.add(ImageFixture(layers), tag: "plain-1")
        images.addIndex([child], tag: "plain-2")
        let bundle = try await BundleOnDisk(images, names: { [Versions.name($0)] })
        let scene = try RegistryDirectoryScene()
        try await scene.seed(bundle)
        let engine = try scene.engine()
        // The index is nobody's: nothing but its listing holds the manifest.
        let request = PruneRequest([try bundle.image("plain-1")], in: engine)
        let steps = try await engine.prune(request)
        #expect(steps.map(\.result) == [.unname] && steps[0].reason?.contains("an index") == true)
        let served = Served(registry: try await DockerRegistry(storage: scene.storage))
        _ = try await served.pull("local/plain:2", Self.amd64)
    }

    @Test(arguments: ["link", "manifest", "symlink", "algorithm"])
    func `beside what cannot be read nothing is removed`(what: String) async throws {
        let versions = try await Versions()
        let scene = try RegistryDirectoryScene()
        try await scene.seed(versions.bundle)
        let other = RegistryDirectoryScene.repository("other/")
        let digest = try versions.of(2)[1].instances[0].layers[0].digest
        switch what {
        case "link": try scene.write([], to: other + "_manifests/tags/a/current/link")
        case "manifest":
            // A layer is no manifest.
            try scene.write(
                Array(digest.description.utf8), to: other + "_manifests/revisions/sha256/\(digest.hex)/link")
        case "symlink":
            try scene.write([], to: other + "_layers/x")
            try FileManager.default.createSymbolicLink(
                atPath: scene.path(other + "_layers/sha256"), withDestinationPath: "/etc")
        default:
            try scene.write(Array("sha512:ab".utf8), to: other + "_layers/sha512/ab/link")
        }
        let before = try scene.tree()
        let engine = try scene.engine()
        let request = PruneRequest(try versions.of(1), keeping: try versions.of(2), in: engine)
        await #expect(throws: EngineError(.refused, "")) { try await engine.planPruning(request) }
        await #expect(throws: EngineError(.refused, "")) { try await engine.prune(request) }
        #expect(try scene.tree() == before)
    }
}
