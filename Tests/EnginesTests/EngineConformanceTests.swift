import BundleFormat
import Cryptography
import Engines
import Foundation
import OCI
import Synchronization
import TestSupport
import Testing

/// What every engine that runs containers must do, each shown with a real one.
///
/// The images run a program of one layer, so that a container shows that what was loaded is usable.
@Suite(.enabled(if: Toolbox.has("gcc") && !EngineKind.available.isEmpty)) struct EngineConformanceTests {
    /// Two images of one base, and one of several platforms of which the bundle has one.
    struct Images {
        let base: LayerFixture
        let old: ImageFixture
        let new: ImageFixture
        let multi: ImageFixture
        let set: ImageSet

        init(size: Int = 20_000) async throws {
            let program = try await ImageFactory.program()
            base = try await LayerFixture([.directory("bin"), .file("bin/true", program).with { $0.mode = 0o755 }])
            var layers: [LayerFixture] = []
            for seed in 1...3 { layers.append(try await ImageFactory.files(seed: UInt64(seed), count: 4, size: size)) }
            let plain = try await ImageFactory.files(seed: 4, count: 2, size: size, compression: .none)
            old = ImageFixture([base, layers[0]], labels: ["version": "old"])
            new = ImageFixture([base, layers[1], plain], labels: ["version": "new"])
            multi = ImageFixture([base, layers[2]], labels: ["version": "multi"])
            let foreign = ImageFixture(
                [try await ImageFactory.files(seed: 9, count: 1, size: 100)],
                platform: Platform(os: "linux", architecture: "s390x"))
            var set = ImageSet()
            set.add(old, tag: "old")
            set.add(new, tag: "new")
            set.addIndex([set.add(foreign), set.add(multi)], tag: "multi")
            self.set = set
        }

        func bundle() async throws -> BundleOnDisk { try await BundleOnDisk(set, names: { [Self.name($0)] }) }

        static func name(_ tag: String) -> String { "registry.example.com/local/\(tag):1" }
    }

    private static let amd64 = Platform(os: "linux", architecture: "amd64")

    private static func intent(_ image: ImageFixture, _ step: LoadStep) -> LoadIntent {
        LoadIntent(
            reference: step.image.image.reference, imageID: step.imageID, diffIDs: image.layers.map(\.diffID),
            presentCount: step.presentCount)
    }

    /// Podman's own program writes lines as it takes layers, and would stand still where nobody reads them.
    @Test(arguments: EngineKind.available.filter { $0 == .podmanProgram })
    func `a load of many layers does not end in podman's messages`(kind: EngineKind) async throws {
        var layers: [LayerFixture] = []
        for seed in 1...12 { layers.append(try await ImageFactory.files(seed: UInt64(seed), count: 1, size: 10)) }
        var set = ImageSet()
        let tags = (1...24).map { "many\($0)" }
        for tag in tags { set.add(ImageFixture(layers, labels: ["tag": tag]), tag: tag) }
        let bundle = try await BundleOnDisk(set, names: { [Images.name($0)] })
        let scene = try await EngineScene(kind)
        try await scene.put(try tags.map { try bundle.image($0, for: Self.amd64) }, bundle)
    }

    @Test(arguments: EngineKind.available)
    func `images are loaded, run, and are not sent again`(kind: EngineKind) async throws {
        let images = try await Images()
        let bundle = try await images.bundle()
        let scene = try await EngineScene(kind)
        #expect(scene.engine.platform == Self.amd64)
        // Only what is missing: the base comes with the first.
        let all = try ["old", "new", "multi"].map { try bundle.image($0, for: Self.amd64) }
        let (plan, sent) = try await scene.put(all, bundle)
        #expect(plan.steps.map(\.presentCount) == [0, 1, 1])
        #expect(plan.steps.map { $0.missing.count } == [2, 2, 1])
        #expect(plan.steps.allSatisfy { $0.skipReason == nil } && sent == plan.steps.reduce(0) { $0 + $1.bytesToSend })
        for tag in ["old", "new", "multi"] { #expect(try await scene.run(Images.name(tag)) == "it runs") }

        let again = try await scene.engine.plan(all, reader: bundle.reader)
        #expect(again.steps.map(\.isPresent) == [true, true, true])
        #expect(again.room == .init(bytes: 0, inodes: 0) && again.steps.allSatisfy { $0.bytesToSend == 0 })
        for step in again.steps { try scene.engine.confirm(step) }
        // Survives the end of the engine.
        try await scene.restart?()
        #expect(try await scene.isPresent(all, bundle) == [true, true, true])
    }

    @Test(arguments: EngineKind.available)
    func `an image of a digest is found by it where the engine keeps digests`(kind: EngineKind) async throws {
        let images = try await Images()
        let index = try #require(images.set.descriptor(tag: "multi")).digest
        let bundle = try await images.bundle()
        let scene = try await EngineScene(kind)
        let pinned = "registry.example.com/local/multi@\(index)"
        let image = try bundle.image("multi", for: Self.amd64)
        let names = try [Reference(parsing: Images.name("multi") + "@\(index)"), Reference(parsing: pinned)]
        let target = TargetImage(
            image: BundleImage(
                reference: pinned, root: index, manifests: image.image.manifests, names: names, groups: [],
                priority: 0, tagPolicy: .keep), root: image.root, instances: image.instances)
        let (plan, _) = try await scene.put([target], bundle)
        #expect(try await scene.run(Images.name("multi")) == "it runs")
        let last = try #require(plan.steps.first?.names.last?.action)
        if kind.keepsDigests {
            #expect(last == .set && plan.steps[0].imageID == index)
            #expect(try await scene.run(pinned) == "it runs")
        } else {
            guard case .unsupported = last else { throw EngineError(.refused, "\(last)") }
        }
        #expect(try await scene.isPresent([target], bundle) == [true])
    }

    @Test(arguments: EngineKind.available)
    func `a name that points elsewhere is kept, moved or refused`(kind: EngineKind) async throws {
        let bundle = try await Images().bundle()
        let scene = try await EngineScene(kind)
        func target(_ tag: String, _ policy: BundleImage.TagPolicy) throws -> TargetImage {
            let image = try bundle.image(tag, for: Self.amd64)
            return try image.named("docker.io/library/app:1", policy: policy)
        }
        try await scene.put([try target("old", .keep)], bundle)
        await #expect(throws: EngineError(.nameTaken, "")) {
            try await scene.engine.plan([try target("new", .fail)], reader: bundle.reader)
        }
        let (kept, sent) = try await scene.put([try target("new", .keep)], bundle)
        #expect(kept.steps[0].names.map(\.action) == [.keep] && sent > 0)
        #expect(try await scene.isPresent([try target("old", .fail)], bundle) == [true])
        // The image itself is there now.
        #expect(try await scene.isPresent([try target("new", .keep)], bundle) == [true])
        let (moved, little) = try await scene.put([try target("new", .move)], bundle)
        #expect(moved.steps[0].names.map(\.action) == [.set] && little < sent / 2)
        #expect(try await scene.isPresent([try target("new", .fail)], bundle) == [true])
        #expect(try await scene.run("docker.io/library/app:1") == "it runs")
        await #expect(throws: EngineError(.nameTaken, "")) {
            try await scene.engine.plan([try target("old", .fail)], reader: bundle.reader)
        }
        // Confirming what has lost its name says so.
        let lost = try await scene.engine.plan([try target("old", .move)], reader: bundle.reader)
        #expect(throws: EngineError(.refused, "")) { try scene.engine.confirm(lost.steps[0]) }
    }

    @Test(arguments: EngineKind.available)
    func `a damaged layer leaves nothing that counts as present`(kind: EngineKind) async throws {
        let images = try await Images()
        let bundle = try await images.bundle()
        let pack = bundle.directory.path("bundle/" + BundleLayout.blobPath(bundle.manifest.packs[0].digest))
        let whole = try Data(contentsOf: URL(fileURLWithPath: pack))
        var damaged = whole
        damaged[damaged.count - 5000] ^= 1
        try damaged.write(to: URL(fileURLWithPath: pack))
        let scene = try await EngineScene(kind)
        let all = try ["old", "new", "multi"].map { try bundle.image($0, for: Self.amd64) }
        let plan = try await scene.engine.plan(all, reader: bundle.reader)
        var failures = 0
        for step in plan.steps {
            do { try await scene.engine.load([step], reader: bundle.reader) { _ in } } catch let error as BundleError {
                failures += 1
                #expect(error.code == .damaged)
                #expect(throws: EngineError(.refused, "")) { try scene.engine.confirm(step) }
                #expect(try await scene.isPresent([step.image], bundle) == [false])
            } catch let error as EngineError {
                // What was to come with the one before is missing.
                failures += 1
                #expect(error.code == .refused)
                #expect(throws: EngineError(.refused, "")) { try scene.engine.confirm(step) }
            }
        }
        #expect(failures > 0)
        try whole.write(to: URL(fileURLWithPath: pack))
        try await scene.put(all, bundle)
        for tag in ["old", "new", "multi"] { #expect(try await scene.run(Images.name(tag)) == "it runs") }
    }

    @Test(arguments: EngineKind.available)
    func `what an image fails with leaves those before it whole, and they are told of one by one`(
        kind: EngineKind
    ) async throws {
        struct Failure: Error {}
        let bundle = try await Images().bundle()
        let scene = try await EngineScene(kind)
        let all = try ["old", "new", "multi"].map { try bundle.image($0, for: Self.amd64) }
        let plan = try await scene.engine.plan(all, reader: bundle.reader)
        let wanted = plan.steps.map(\.imageID)
        var begun: [Digest] = []
        var taken: [Digest] = []
        do {
            for batch in plan.batches {
                try await scene.engine.load(
                    batch, reader: bundle.reader, progress: { _ in },
                    begins: { steps in
                        begun += steps.map(\.imageID)
                        #expect(begun.count - taken.count <= 2)
                        if begun.count == 3 { throw Failure() }
                    },
                    taken: { steps in
                        for step in steps { try scene.engine.confirm(step) }
                        taken += steps.map(\.imageID)
                    })
            }
            Issue.record("the third began")
        } catch is Failure {
            #expect(begun == wanted && taken == Array(wanted.prefix(2)))
        }
        #expect(try await scene.isPresent(all, bundle) == [true, true, false])
        for tag in ["old", "new"] { #expect(try await scene.run(Images.name(tag)) == "it runs") }
    }

    @Test(arguments: EngineKind.available)
    func `a load that is cancelled is healed and loaded again`(kind: EngineKind) async throws {
        let images = try await Images(size: 1 << 20)
        let bundle = try await images.bundle()
        let scene = try await EngineScene(kind)
        let image = try bundle.image("new", for: Self.amd64)
        try await scene.put([try bundle.image("old", for: Self.amd64)], bundle)
        let plan = try await scene.engine.plan([image], reader: bundle.reader)
        let step = plan.steps[0]
        let sent = ByteCounter()
        let running = Mutex<Task<Void, any Error>?>(nil)
        let task = Task {
            while running.withLock({ $0 == nil }) { await Task.yield() }
            try await scene.engine.load([step], reader: bundle.reader) { count in
                sent.add(count)
                if sent.total > step.bytesToSend / 4 { running.withLock { $0?.cancel() } }
            }
        }
        running.withLock { $0 = task }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await scene.isPresent([image], bundle) == [false])
        _ = try await scene.heal([Self.intent(images.new, step)])
        try await scene.put([image], bundle)
        for tag in ["old", "new"] { #expect(try await scene.run(Images.name(tag)) == "it runs") }
    }

    @Test(arguments: EngineKind.available)
    func `an engine that is killed while it loads is healed, and loaded again`(kind: EngineKind) async throws {
        let images = try await Images(size: 1 << 20)
        let bundle = try await images.bundle()
        let scene = try await EngineScene(kind)
        guard let kill = scene.kill, let restart = scene.restart else { return }
        let image = try bundle.image("new", for: Self.amd64)
        try await scene.put([try bundle.image("old", for: Self.amd64)], bundle)
        let plan = try await scene.engine.plan([image], reader: bundle.reader)
        let step = plan.steps[0]
        let sent = ByteCounter()
        await #expect(throws: EngineError.self) {
            try await scene.engine.load([step], reader: bundle.reader) { count in
                sent.add(count)
                if sent.total > step.bytesToSend / 2 { kill() }
            }
        }
        try await restart()
        #expect(try await scene.isPresent([image], bundle) == [false])
        _ = try await scene.heal([Self.intent(images.new, step)])
        try await scene.put([image], bundle)
        for tag in ["old", "new"] { #expect(try await scene.run(Images.name(tag)) == "it runs") }
    }

    @Test(arguments: EngineKind.available)
    func `healing removes what stands on layers in doubt, and only that`(kind: EngineKind) async throws {
        let images = try await Images()
        let bundle = try await images.bundle()
        let scene = try await EngineScene(kind)
        let all = try ["old", "new", "multi"].map { try bundle.image($0, for: Self.amd64) }
        let (plan, _) = try await scene.put(all, bundle)
        #expect(try await scene.heal([]).isEmpty)
        let intent = Self.intent(images.new, plan.steps[1])
        #expect(intent.presentCount == 1)
        try await scene.hold(Images.name("new"))
        await #expect(throws: EngineError(.inUse, "")) { try await scene.heal([intent]) }
        #expect(try await scene.isPresent(all, bundle) == [true, true, true])
        try await scene.release()
        #expect(try await scene.heal([intent]) == [plan.steps[1].imageID])
        let healed = try await scene.engine.plan(all, reader: bundle.reader)
        #expect(healed.steps.map(\.isPresent) == [true, false, true])
        #expect(healed.steps[1].missing.count == 2 && healed.steps[1].presentCount == 1)
        #expect(try await scene.heal([intent]).isEmpty)
        try await scene.put(all, bundle)
        #expect(try await scene.run(Images.name("new")) == "it runs")

        // The base is in doubt: everything stands on it.
        let removed = try await scene.heal([Self.intent(images.old, plan.steps[0])])
        #expect(Set(removed) == Set(plan.steps.map(\.imageID)))
        let empty = try await scene.engine.plan(all, reader: bundle.reader)
        #expect(empty.steps.map(\.missing.count) == [2, 2, 1])
        try await scene.put(all, bundle)
        for tag in ["old", "new", "multi"] { #expect(try await scene.run(Images.name(tag)) == "it runs") }
    }

    @Test(arguments: EngineKind.available)
    func `artifacts are left out, images for nobody are an error, and room is checked`(kind: EngineKind) async throws {
        let images = try await Images()
        var set = images.set
        set.addArtifact(type: "application/vnd.example.sbom", content: Array("sbom".utf8), tag: "sbom")
        let bundle = try await BundleOnDisk(set, names: { [Images.name($0)] })
        let scene = try await EngineScene(kind)
        let (plan, sent) = try await scene.put([try bundle.image("sbom", for: Self.amd64)], bundle)
        #expect(sent == 0 && plan.steps.map { $0.skipReason != nil } == [true])
        let image = try bundle.image("old", for: Self.amd64)
        let nobody = TargetImage(image: image.image, root: image.root, instances: [])
        await #expect(throws: EngineError(.notFound, "")) {
            try await scene.engine.plan([nobody], reader: bundle.reader)
        }
        let planned = try await scene.engine.plan([image], reader: bundle.reader)
        #expect(planned.room.bytes > planned.steps[0].bytesToSend)
        try await scene.engine.checkRoom(for: planned)
        for room in [LoadPlan.Room(bytes: 1 << 60, inodes: 0), LoadPlan.Room(bytes: 0, inodes: .max)] {
            await #expect(throws: EngineError(.noSpace, "")) {
                try await scene.engine.checkRoom(for: LoadPlan(batches: planned.batches, room: room))
            }
        }
    }
}

extension TargetImage {
    /// The same image under one other name.
    func named(_ name: String, policy: BundleImage.TagPolicy) throws -> TargetImage {
        TargetImage(
            image: BundleImage(
                reference: name, root: image.root, manifests: image.manifests, names: [try Reference(parsing: name)],
                groups: [], priority: 0, tagPolicy: policy), root: root, instances: instances)
    }
}
