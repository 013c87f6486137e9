import BundleFormat
import Engines
import Foundation
import OCI
import TestSupport
import Testing

/// A real registry serves what was put into its directory.
@Suite(.enabled(if: Toolbox.has("docker-registry", "skopeo", "curl"))) struct RegistryDirectoryTests {
    @Test(arguments: ImageFactory.Scenario.allCases)
    func `a registry gives out every image by tag and digest, bit for bit`(
        scenario: ImageFactory.Scenario
    ) async throws {
        let images = try await ImageFactory.make(scenario)
        let platforms =
            switch scenario {
            case .multiPlatform: "linux/amd64, linux/arm64, linux/arm/v7"
            case .dockerSchema2: "linux/amd64, linux/arm64"
            default: "linux/amd64"
            }
        let bundle = try await BundleOnDisk(images, platforms: platforms)
        let scene = try RegistryDirectoryScene()
        let (plan, sent) = try await scene.seed(bundle)
        #expect(sent == plan.steps.reduce(0) { $0 + $1.bytesToSend })
        let missing = plan.steps.flatMap(\.missing).map(\.digest)
        #expect(missing.count == Set(missing).count)
        #expect(Set(missing) == Set(bundle.manifest.layers.map(\.digest)))
        let registry = try await DockerRegistry(storage: scene.storage)
        let served = Served(registry: registry)
        for name in images.names {
            let root = name.descriptor.digest
            #expect(try await served.raw("local/\(name.tag):1") == images.blobs[root])
            #expect(try await served.raw("local/\(name.tag)@\(root)") == images.blobs[root])
            for instance in try bundle.image(name.tag).instances {
                let platform = try #require(instance.platform)
                let pulled = try await served.pull("local/\(name.tag):1", platform)
                #expect(Set(pulled.keys) == Set(instance.layers.map(\.digest) + [instance.config.descriptor.digest]))
                for (digest, bytes) in pulled { #expect(bytes == images.blobs[digest], "\(digest)") }
                let manifest = instance.manifest.descriptor.digest
                #expect(try await served.raw("local/\(name.tag)@\(manifest)") == images.blobs[manifest])
            }
        }
        // The garbage collector keeps everything.
        let before = try scene.blobs()
        #expect(before.count == bundle.manifest.layers.count + bundle.manifest.documents.count)
        try await registry.collectGarbage()
        #expect(try scene.blobs() == before)
        #expect(try scene.faults(images) == [])
    }

    @Test func `a second run writes nothing and sends nothing`() async throws {
        let images = try await ImageFactory.make(.sharedBase)
        let bundle = try await BundleOnDisk(images)
        let scene = try RegistryDirectoryScene()
        try await scene.seed(bundle)
        let before = try scene.tree()
        let (plan, sent) = try await scene.seed(bundle)
        #expect(try scene.tree() == before)
        #expect(sent == 0)
        #expect(plan.room == LoadPlan.Room(bytes: 0, inodes: 0))
        for step in plan.steps {
            #expect(step.isPresent && step.missing.isEmpty && step.bytesToSend == 0)
            #expect(step.presentCount == 3)
            #expect(step.names.map(\.action) == [.present])
        }
    }

    @Test func `planning and counting room change nothing`() async throws {
        let bundle = try await BundleOnDisk(try await ImageFactory.make(.sharedBase))
        let scene = try RegistryDirectoryScene()
        let engine = try scene.engine()
        let plan = try await engine.plan(try bundle.images(), reader: bundle.reader)
        try await engine.checkRoom(for: plan)
        #expect(try scene.tree().isEmpty)
        // The first brings what the others share.
        #expect(plan.steps.map(\.missing.count) == [3, 1, 1])
        #expect(plan.steps.map(\.presentCount) == [0, 2, 2])
        #expect(!plan.steps.contains { $0.isPresent })
        for step in plan.steps {
            #expect(throws: EngineError(.refused, "")) { try engine.confirm(step) }
        }
    }

    @Test func `a registry that runs gives out at once what comes into its directory`() async throws {
        let scene = try RegistryDirectoryScene()
        let registry = try await DockerRegistry(storage: scene.storage)
        let served = Served(registry: registry)
        let images = try await ImageFactory.make(.bigFiles)
        // It was asked before, and might remember that it had nothing.
        #expect(try await served.raw("local/app:1") == nil)
        let names = ["registry.example.com/local/app:1"]
        for (tag, other) in [("v1", "v2"), ("v2", "v1")] {
            var one = ImageSet()
            for (digest, bytes) in images.blobs { #expect(one.add(bytes, mediaType: .ociLayer).digest == digest) }
            one.name(try #require(images.descriptor(tag: tag)), tag: tag)
            let bundle = try await BundleOnDisk(one, names: { _ in names }, settings: { _ in ["tags: move"] })
            try await scene.seed(bundle)
            let root = try #require(images.descriptor(tag: tag)).digest
            #expect(try await served.raw("local/app:1") == images.blobs[root], "\(tag), not \(other)")
            let pulled = try await served.pull("local/app:1", Platform(os: "linux", architecture: "amd64"))
            #expect(pulled.count == 2)
            for (digest, bytes) in pulled { #expect(bytes == images.blobs[digest]) }
        }
        // The old version is there by its digest.
        let old = try #require(images.descriptor(tag: "v1")).digest
        #expect(try await served.raw("local/app@\(old)") == images.blobs[old])
        // And the registry can still be pushed to, beside and over what was put there.
        let pushed = try await ImageFactory.make(.sharedBase)
        _ = try await Push.requests(pushed, tag: "one", as: "local/app:1", to: registry)
        #expect(try await served.raw("local/app:1") == pushed.blobs[try #require(pushed.descriptor(tag: "one")).digest])
    }

    @Test func `artifacts are given out like images, also with a config that is their layer`() async throws {
        var images = ImageSet()
        let empty = MediaType(rawValue: "application/vnd.oci.empty.v1+json")
        images.addArtifact(type: "application/spdx+json", content: Array("{\"spdx\":1}".utf8), tag: "sbom")
        images.addArtifact(type: empty.rawValue, content: Array("{}".utf8), tag: "empty")
        let bundle = try await BundleOnDisk(images)
        let scene = try RegistryDirectoryScene()
        try await scene.seed(bundle)
        let registry = try await DockerRegistry(storage: scene.storage)
        let served = Served(registry: registry)
        for name in images.names {
            #expect(try await served.raw("local/\(name.tag):1") == images.blobs[name.descriptor.digest])
            for instance in try bundle.image(name.tag).instances {
                #expect(instance.platform == nil)
                for digest in instance.layers.map(\.digest) + [instance.config.descriptor.digest] {
                    #expect(try await served.blob(digest, in: "local/" + name.tag) == images.blobs[digest])
                }
            }
        }
        let before = try scene.blobs()
        try await registry.collectGarbage()
        #expect(try scene.blobs() == before)
    }

    @Test func `a name of several repositories, and one with a digest only`() async throws {
        let images = try await ImageFactory.make(.sharedBase)
        let bundle = try await BundleOnDisk(
            images, names: { ["a.example.com/team/\($0):1", "b.example.com/team/\($0):1", "other/shared:\($0)"] })
        let scene = try RegistryDirectoryScene()
        let one = try bundle.image("one")
        let root = one.root.descriptor.digest
        let pinned = try Reference(parsing: "quay.io/pinned/one@\(root)")
        let image = TargetImage(
            image: BundleImage(
                reference: one.image.reference, root: one.image.root, manifests: one.image.manifests,
                names: one.image.names + [pinned], groups: [], priority: 1, tagPolicy: .keep),
            root: one.root, instances: one.instances)
        let (plan, _) = try await scene.seed(bundle, [image] + (try ["two", "three"].map { try bundle.image($0) }))
        #expect(plan.batches.map(\.count) == [1, 2])
        #expect(plan.steps[0].names.map(\.action) == [.set, .set, .set, .set])
        let registry = try await DockerRegistry(storage: scene.storage)
        let served = Served(registry: registry)
        for name in images.names {
            let bytes = images.blobs[name.descriptor.digest]
            #expect(try await served.raw("team/\(name.tag):1") == bytes)
            #expect(try await served.raw("other/shared:\(name.tag)") == bytes)
        }
        #expect(try await served.raw("pinned/one@\(root)") == images.blobs[root])
        #expect(try await served.pull("pinned/one@\(root)", Platform(os: "linux", architecture: "amd64")).count == 4)
        #expect(try scene.tree()[RegistryDirectoryScene.repository("pinned/one/_manifests/tags")] == nil)
        let again = try await scene.engine().plan([image], reader: bundle.reader)
        #expect(again.steps[0].isPresent && again.steps[0].names.allSatisfy { $0.action == .present })
    }
}
