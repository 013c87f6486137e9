import BundleFormat
import Engines
import Foundation
import OCI
import TestSupport
import Testing

/// What every engine must do when old images go, each shown with a real one.
@Suite(.enabled(if: Toolbox.has("gcc") && !EngineKind.available.isEmpty)) struct PruneConformanceTests {
    private typealias Images = EngineConformanceTests.Images
    private static let amd64 = Platform(os: "linux", architecture: "amd64")
    private static let mine = "docker.io/library/mine:1"

    @Test(arguments: EngineKind.available)
    func `an old image goes, and what others need of it stays`(kind: EngineKind) async throws {
        let bundle = try await Images().bundle()
        let scene = try await EngineScene(kind)
        let all = try ["old", "new", "multi"].map { try bundle.image($0, for: Self.amd64) }
        try await scene.put(all, bundle)
        let request = PruneRequest(all, keeping: Array(all[1...]), in: scene.engine)
        let plan = try await scene.engine.planPruning(request)
        #expect(plan.map(\.result) == [.remove, .keep, .keep])
        #expect(plan[0].names.contains(Images.name("old")))
        #expect(kind != .docker || plan[0].bytes ?? 0 > 20_000)
        // Nothing has changed by that.
        #expect(try await scene.isPresent(all, bundle) == [true, true, true])

        try await scene.hold(Images.name("old"))
        #expect(try await scene.engine.planPruning(request).map(\.result) == [.inUse, .keep, .keep])
        #expect(try await scene.engine.prune(request).map(\.result) == [.inUse, .keep, .keep])
        #expect(try await scene.isPresent(all, bundle) == [true, true, true])
        try await scene.release()

        #expect(try await scene.engine.prune(request).map(\.result) == [.remove, .keep, .keep])
        try scene.engine.sync()
        let left = try await scene.engine.plan(all, reader: bundle.reader)
        #expect(left.steps.map(\.isPresent) == [false, true, true])
        #expect(left.steps[0].missing.count == 1 && left.steps[0].presentCount == 1)
        for tag in ["new", "multi"] { #expect(try await scene.run(Images.name(tag)) == "it runs") }
        #expect(try await scene.engine.prune(request).map(\.result) == [.absent, .keep, .keep])
        // What was loaded once can be loaded again, also by an engine that was started anew.
        try await scene.restart?()
        try await scene.put(all, bundle)
        for tag in ["old", "new", "multi"] { #expect(try await scene.run(Images.name(tag)) == "it runs") }
    }

    @Test(arguments: EngineKind.available)
    func `an image with a tag of somebody else stays under it`(kind: EngineKind) async throws {
        let bundle = try await Images().bundle()
        let scene = try await EngineScene(kind)
        let all = try ["old", "multi"].map { try bundle.image($0, for: Self.amd64) }
        try await scene.put(all, bundle)
        // The second in the repository that the load named.
        let beside = "registry.example.com/local/multi:mine"
        try await scene.tag(Images.name("old"), Self.mine)
        try await scene.tag(Images.name("multi"), beside)
        let request = PruneRequest(all, in: scene.engine)
        let steps = try await scene.engine.prune(request)
        #expect(steps.map(\.result) == [.unname, .unname])
        #expect(steps[0].names.contains(Images.name("old")) && !steps[0].names.contains(Self.mine))
        #expect(try await scene.run(Self.mine) == "it runs")
        #expect(try await scene.run(beside) == "it runs")
        for tag in ["old", "multi"] {
            await #expect(throws: CommandError.self) { try await scene.run(Images.name(tag)) }
        }
        #expect(try await scene.engine.prune(request).map(\.result) == [.keep, .keep])
    }

    @Test(arguments: EngineKind.available)
    func `a tag that has moved is left alone, and the image that it left goes`(kind: EngineKind) async throws {
        let bundle = try await Images().bundle()
        let scene = try await EngineScene(kind)
        let name = "docker.io/library/app:1"
        let old = try bundle.image("old", for: Self.amd64).named(name, policy: .move)
        let new = try bundle.image("new", for: Self.amd64).named(name, policy: .move)
        try await scene.put([old], bundle)
        // Before the new one is loaded its name holds the old one.
        let request = PruneRequest([old], keeping: [new], in: scene.engine)
        let early = try await scene.engine.prune(request)
        #expect(early.map(\.result) == [.keep] && early[0].reason?.contains("load that bundle") == true)
        try await scene.hold(name)
        try await scene.put([new], bundle)
        // The container has the old one still, by whatever name.
        #expect(try await scene.engine.prune(request).map(\.result) == [.inUse])
        try await scene.release()
        #expect(try await scene.engine.prune(request).map(\.result) == [.remove])
        #expect(try await scene.run(name) == "it runs")
        #expect(try await scene.isPresent([new], bundle) == [true])
        let again = try await scene.engine.plan([old], reader: bundle.reader)
        // Without `ctr` nobody sees the layers of images that are not planned.
        #expect(again.steps[0].missing.count == (kind == .dockerStoreAlone ? 2 : 1))
    }
}
