import BundleFormat
import Engines
import Foundation
import OCI
import Synchronization
import TestSupport
import Testing

/// Directories that are damaged, hostile, full, or somebody else's.
@Suite struct RegistryDirectoryFaultTests {
    /// What a crash, a full disk or a person may leave, and what it costs to mend.
    struct Damage: Sendable {
        let name: String
        /// Whether the layer's blob has to be made again.
        let costsLayer: Bool
        let apply: @Sendable (RegistryDirectoryScene, TargetImage) throws -> Void

        init(
            _ name: String, costsLayer: Bool = false,
            _ apply: @escaping @Sendable (RegistryDirectoryScene, TargetImage) throws -> Void
        ) {
            self.name = name
            self.costsLayer = costsLayer
            self.apply = apply
        }

        static func layer(_ image: TargetImage) -> Digest { image.instances[0].layers[1].digest }
        static let repository = RegistryDirectoryScene.repository("local/two")

        static let all: [Damage] = [
            Damage("a blob is gone", costsLayer: true) { scene, image in
                try scene.remove(RegistryDirectoryScene.blob(layer(image)))
            },
            Damage("a blob is empty", costsLayer: true) { scene, image in
                try scene.write([], to: RegistryDirectoryScene.blob(layer(image)))
            },
            Damage("a blob is too long", costsLayer: true) { scene, image in
                let path = RegistryDirectoryScene.blob(layer(image))
                try scene.write(try scene.read(path) + [0], to: path)
            },
            Damage("a killed loader left a part of a blob", costsLayer: true) { scene, image in
                let path = RegistryDirectoryScene.blob(layer(image))
                try scene.remove(path)
                try scene.write([1, 2, 3], to: String(path.dropLast(4)) + ".tmp-abc")
            },
            Damage("a config is cut off") { scene, image in
                try scene.write([1], to: RegistryDirectoryScene.blob(image.instances[0].config.descriptor.digest))
            },
            Damage("a layer's link is gone") { scene, image in
                try scene.remove("\(repository)/_layers/sha256/\(layer(image).hex)")
            },
            Damage("a layer's link is empty") { scene, image in
                try scene.write([], to: "\(repository)/_layers/sha256/\(layer(image).hex)/link")
            },
            Damage("a revision's link ends with a line feed") { scene, image in
                let root = image.root.descriptor.digest
                try scene.write(
                    Array("\(root)\n".utf8), to: "\(repository)/_manifests/revisions/sha256/\(root.hex)/link")
            },
            Damage("a tag is no digest") { scene, _ in
                try scene.write(Array("sha256:".utf8), to: "\(repository)/_manifests/tags/1/current/link")
            },
            Damage("a tag is gone") { scene, _ in try scene.remove("\(repository)/_manifests/tags/1/current") },
            Damage("the repository is gone") { scene, _ in try scene.remove(repository) },
        ]
    }

    @Test func `only what is not right is written again`() async throws {
        let images = try await ImageFactory.make(.sharedBase)
        let bundle = try await BundleOnDisk(images)
        let image = try bundle.image("two")
        for damage in Damage.all {
            let scene = try RegistryDirectoryScene()
            try await scene.seed(bundle)
            let whole = try scene.tree()
            try damage.apply(scene, image)
            let damaged = try scene.tree()
            let engine = try scene.engine()
            let found = try await engine.plan([image], reader: bundle.reader).steps[0]
            #expect(!found.isPresent, "\(damage.name)")
            #expect(throws: EngineError(.refused, ""), "\(damage.name)") { try engine.confirm(found) }
            let (plan, _) = try await scene.seed(bundle)
            let missing = plan.steps.flatMap(\.missing).map(\.digest)
            #expect(missing == (damage.costsLayer ? [Damage.layer(image)] : []), "\(damage.name)")
            let after = try scene.tree()
            #expect(Set(after.keys) == Set(whole.keys), "\(damage.name)")
            #expect(try scene.faults(images) == [], "\(damage.name)")
            // What was right before was not touched.
            let rewritten = after.filter { path, entry in !entry.isFolder && whole[path] != entry }
            let wrong = whole.filter { path, entry in !entry.isFolder && damaged[path] != entry }
            #expect(Set(rewritten.keys) == Set(wrong.keys) && !wrong.isEmpty, "\(damage.name)")
        }
    }

    @Test func `a load that ends in the middle refers to nothing that is not there, and goes on`() async throws {
        let images = try await ImageFactory.make(.sharedBase)
        let bundle = try await BundleOnDisk(images)
        for (jobs, tenths) in [(1, 0), (1, 3), (1, 8), (2, 1), (2, 5), (2, 9), (4, 2), (4, 7)] {
            let scene = try RegistryDirectoryScene()
            let engine = try scene.engine(jobs: jobs)
            let plan = try await engine.plan(try bundle.images(), reader: bundle.reader)
            let limit = plan.steps.reduce(0) { $0 + $1.bytesToSend } * Int64(tenths) / 10
            let sent = RegistryDirectoryScene.Counter()
            // A task of its own, since what is cancelled is whatever task says that bytes were sent.
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await engine.load(plan.batches[0], reader: bundle.reader) { count in
                            sent.add(count)
                            if sent.value >= limit { withUnsafeCurrentTask { $0?.cancel() } }
                        }
                    }
                }
            }
            #expect(try scene.faults(images) == [])
            try await scene.seed(bundle)
            #expect(try scene.faults(images) == [])
            #expect(try scene.blobs().count == images.blobs.count)
        }
    }

    // Names.

    private static func bundle(
        _ images: ImageSet, policy: String, name: String = "registry.example.com/local/app:1"
    ) async throws -> BundleOnDisk {
        try await BundleOnDisk(images, names: { _ in [name] }, settings: { _ in ["tags: \(policy)"] })
    }

    private static func image(_ seed: UInt64) async throws -> ImageSet {
        var images = ImageSet()
        images.add(try await ImageFactory.small(seed: seed), tag: "app")
        return images
    }

    @Test(arguments: ["keep", "move", "fail"])
    func `a name that points elsewhere follows the image's policy`(policy: String) async throws {
        let scene = try RegistryDirectoryScene()
        let old = try await Self.image(1)
        try await scene.seed(Self.bundle(old, policy: "fail"))
        let new = try await Self.image(2)
        let bundle = try await Self.bundle(new, policy: policy)
        let link = RegistryDirectoryScene.repository("local/app/_manifests/tags/1/current/link")
        let before = try scene.tree()
        if policy == "fail" {
            await #expect(throws: EngineError(.nameTaken, "")) { try await scene.seed(bundle) }
            #expect(try scene.tree() == before)
            return
        }
        let (plan, _) = try await scene.seed(bundle)
        let root = policy == "move" ? new.names[0].descriptor.digest : old.names[0].descriptor.digest
        #expect(plan.steps[0].names.map(\.action) == [policy == "move" ? .set : .keep])
        #expect(try scene.read(link) == Array(root.description.utf8))
        // Kept or moved, the second run has nothing to do.
        let (again, _) = try await scene.seed(bundle)
        #expect(again.steps[0].isPresent)
        let history = try scene.tree().keys.filter { $0.contains("/tags/1/index/sha256/") && $0.hasSuffix("/link") }
        #expect(history.count == (policy == "move" ? 2 : 1))
    }

    @Test func `names that differ in their hosts only belong to one image`() async throws {
        var images = try await Self.image(1)
        images.add(try await ImageFactory.small(seed: 2), tag: "other")
        let bundle = try await BundleOnDisk(images, names: { ["\($0).example.com/team/x:1"] })
        let scene = try RegistryDirectoryScene()
        let engine = try scene.engine()
        await #expect {
            _ = try await engine.plan(try bundle.images(), reader: bundle.reader)
        } throws: { error in
            let text = "\(error)"
            return (error as? EngineError)?.code == .nameTaken
                && ["app.example.com/team/x:1", "other.example.com/team/x:1", "as:"].allSatisfy(text.contains)
        }
        // One alone is fine.
        try await scene.seed(bundle, [try bundle.image("other")])
    }

    // Owners.

    @Test(.enabled(if: geteuid() == 0)) func `everything belongs to whom the root directory belongs to`() async throws {
        let bundle = try await BundleOnDisk(try await ImageFactory.make(.sharedBase))
        let scene = try RegistryDirectoryScene()
        #expect(chown(scene.storage, 1000, 1001) == 0)
        // As a load that was killed between making a folder and giving it away.
        #expect(mkdir(scene.path("docker"), 0o700) == 0)
        try await scene.seed(bundle)
        for (path, entry) in try scene.tree() {
            #expect(entry.userID == 1000 && entry.groupID == 1001, "\(path)")
            #expect(entry.mode & 0o7777 == (entry.isFolder ? 0o755 : 0o644), "\(path)")
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `folders of others stay theirs`() async throws {
        let bundle = try await BundleOnDisk(try await Self.image(1))
        let scene = try RegistryDirectoryScene()
        try FileManager.default.createDirectory(
            atPath: scene.path("docker/registry"), withIntermediateDirectories: true)
        for name in ["docker", "docker/registry"] {
            #expect(chown(scene.path(name), 1234, 1235) == 0 && chmod(scene.path(name), 0o775) == 0)
        }
        try await scene.seed(bundle)
        let tree = try scene.tree()
        for name in ["docker", "docker/registry"] {
            #expect(tree[name]?.userID == 1234 && tree[name]?.groupID == 1235)
            #expect((tree[name]?.mode ?? 0) & 0o7777 == 0o775)
        }
        #expect(tree["docker/registry/v2"]?.userID == 0)
    }

    // What stands in the way.

    @Test func `links and pipes beneath the root directory are neither followed nor waited for`() async throws {
        let bundle = try await BundleOnDisk(try await Self.image(1))
        let layer = bundle.manifest.layers[0].digest
        let blob = RegistryDirectoryScene.blob(layer)
        let link = RegistryDirectoryScene.repository("local/app/_layers/sha256/\(layer.hex)/link")
        for name in ["docker", "docker/registry/v2", "docker/registry/v2/blobs", blob, link] {
            for isLink in [true, false] {
                let scene = try RegistryDirectoryScene()
                let elsewhere = try scene.directory.makeDirectory("elsewhere")
                let url = URL(fileURLWithPath: scene.path(name)).deletingLastPathComponent()
                try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
                let made = isLink ? symlink(elsewhere, scene.path(name)) : mkfifo(scene.path(name), 0o644)
                #expect(made == 0)
                await #expect(throws: EngineError(.files, ""), "\(name)") { try await scene.seed(bundle) }
                #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere).isEmpty)
            }
        }
    }

    @Test func `the root directory may be a link, but must be a directory that is there`() async throws {
        let bundle = try await BundleOnDisk(try await Self.image(1))
        let scene = try RegistryDirectoryScene()
        let link = scene.directory.path("link")
        #expect(symlink(scene.storage, link) == 0)
        let engine = try RegistryDirectory(path: link, jobs: 1)
        let plan = try await engine.plan(try bundle.images(), reader: bundle.reader)
        try await engine.load(plan.batches[0], reader: bundle.reader) { _ in }
        #expect(try scene.blobs().count == 3)
        #expect(throws: EngineError(.unreachable, "")) {
            try RegistryDirectory(path: scene.directory.path("absent"), jobs: 1)
        }
        let file = try scene.directory.write("x", to: "file")
        #expect(throws: EngineError(.unreachable, "")) { try RegistryDirectory(path: file, jobs: 1) }
    }

    @Test func `a bundle that is damaged gives no blob`() async throws {
        let images = try await ImageFactory.make(.bigFiles)
        let bundle = try await BundleOnDisk(images)
        for pack in bundle.manifest.packs {
            let path = "bundle/" + BundleLayout.blobPath(pack.digest)
            var bytes = try bundle.directory.read(path)
            bytes[bytes.count / 2] ^= 1
            try bundle.directory.write(bytes, to: path)
        }
        let scene = try RegistryDirectoryScene()
        await #expect(throws: BundleError(.damaged, "")) { try await scene.seed(bundle) }
        #expect(try scene.faults(images) == [])
        #expect(!(try scene.tree().keys.contains { $0.hasSuffix("/link") }))
    }

    // Room, on a volume of its own.

    private static func mounted(
        _ scene: RegistryDirectoryScene, _ options: String, at name: String = "", _ body: () async throws -> Void
    ) async throws {
        let point = name.isEmpty ? scene.storage : scene.path(name)
        try FileManager.default.createDirectory(atPath: point, withIntermediateDirectories: true)
        try await Command("mount", ["-t", "tmpfs", "-o", options, "tmpfs", point]).check()
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        // Lazily: a program that another test starts at this moment may have inherited an open file for a while.
        try await Command("umount", ["--lazy", point]).check()
        try result.get()
    }

    @Test(.enabled(if: geteuid() == 0 && Toolbox.has("mount", "umount")))
    func `a volume that is too small is refused before anything is written`() async throws {
        let images = try await ImageFactory.make(.bigFiles)
        let bundle = try await BundleOnDisk(images)
        let scene = try RegistryDirectoryScene()
        for options in ["size=2m", "size=64m,nr_inodes=40"] {
            try await Self.mounted(scene, options) {
                await #expect(throws: EngineError(.noSpace, "")) { try await scene.seed(bundle) }
                let tree = try scene.tree()
                #expect(tree.isEmpty)
            }
        }
        try await Self.mounted(scene, "size=64m") {
            var before = statvfs()
            #expect(statvfs(scene.storage, &before) == 0)
            let (plan, _) = try await scene.seed(bundle)
            var after = statvfs()
            #expect(statvfs(scene.storage, &after) == 0)
            // Files and directories to the last one; bytes but for directories, which take none here.
            #expect(plan.room.inodes == Int64(before.f_ffree - after.f_ffree))
            let used = Int64((before.f_bfree - after.f_bfree) * UInt(after.f_frsize))
            #expect(used <= plan.room.bytes && plan.room.bytes < used + 4096 * plan.room.inodes)
        }
    }

    @Test(.enabled(if: geteuid() == 0 && Toolbox.has("mount", "umount")))
    func `a volume that fills up in the middle refers to nothing that is not there`() async throws {
        let images = try await ImageFactory.make(.bigFiles)
        let bundle = try await BundleOnDisk(images)
        let scene = try RegistryDirectoryScene()
        try await Self.mounted(scene, "size=20m") {
            let engine = try scene.engine()
            let plan = try await engine.plan(try bundle.images(), reader: bundle.reader)
            try await engine.checkRoom(for: plan)
            let isFilled = Mutex(false)
            let filler = scene.path("filler")
            await #expect(throws: EngineError(.noSpace, "")) {
                try await engine.load(plan.batches[0], reader: bundle.reader) { _ in
                    guard
                        isFilled.withLock({ filled in
                            defer { filled = true }
                            return !filled
                        })
                    else { return }
                    _ = FileManager.default.createFile(atPath: filler, contents: nil)
                    guard let file = FileHandle(forWritingAtPath: filler) else { return }
                    let block = Data(repeating: 1, count: 64 << 10)
                    while (try? file.write(contentsOf: block)) != nil {}
                }
            }
            try scene.remove("filler")
            #expect(try scene.faults(images) == [])
            #expect(!(try scene.tree().keys.contains { $0.hasSuffix("/link") }))
            try await scene.seed(bundle)
            #expect(try scene.faults(images) == [])
            #expect(try scene.blobs().count == images.blobs.count)
        }
    }

    @Test(.enabled(if: geteuid() == 0 && Toolbox.has("mount", "umount")))
    func `a mount beneath the root directory is an error that says what to do`() async throws {
        let bundle = try await BundleOnDisk(try await Self.image(1))
        let scene = try RegistryDirectoryScene()
        try await Self.mounted(scene, "size=8m", at: "docker/registry/v2") {
            await #expect {
                try await scene.seed(bundle)
            } throws: { error in
                (error as? EngineError)?.code == .files && "\(error)".contains("TARGET_PATH itself")
            }
        }
    }
}
