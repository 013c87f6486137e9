import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// Builds that are killed at any moment: no wrong bundle is ever at the output, and the next build completes it.
@Suite(.serialized, .enabled(if: Toolbox.has("docker-registry", "curl"))) struct KilledBuildTests {
    /// A registry with an image, an older bundle, and the bundle that an undisturbed build makes.
    private struct Scene: Sendable {
        let registry: DockerRegistry
        let program: Program
        let spec: String
        let older: [String: [UInt8]]
        let clean: [String: [UInt8]]
        /// How long an undisturbed build takes with a cold cache.
        let duration: Duration

        init() async throws {
            registry = try await DockerRegistry()
            program = try await Program()
            let layers = [
                // Small, since an unoptimised encoder makes each blob again.
                try await ImageFactory.files(seed: 101, count: 12, size: 5_000),
                try await ImageFactory.files(seed: 102, count: 20, size: 90_000, compression: .none),
                try await ImageFactory.files(seed: 103, count: 4, size: 5_000), try await LayerFixture([]),
            ]
            var images = ImageSet()
            images.add(ImageFixture(layers), tag: "new")
            images.add(
                ImageFixture([layers[2], try await ImageFactory.files(seed: 104, count: 2, size: 9_000)]), tag: "old")
            for tag in ["new", "old"] { try await Push.requests(images, tag: tag, as: "team/app:\(tag)", to: registry) }
            let reference = registry.reference("team/app")
            try await program.build(try program.spec("  - \(reference):old", name: "old.yaml"), output: "old")
            spec = try program.spec("  - \(reference):new", version: 2)
            let clock = ContinuousClock()
            let start = clock.now
            try await program.build(spec, output: "clean", more: ["--cache", program.directory.path("clean-cache")])
            // Bounded, so that a machine that does much else does not wait for moments that are all the same.
            duration = min(clock.now - start, .milliseconds(400))
            try await program.expectWhole("old")
            try await program.expectWhole("clean")
            older = try program.tree("old")
            clean = try program.tree("clean")
        }

        func arguments(_ worker: String) -> [String] {
            [
                "build", spec, "--output", program.directory.path(worker), "--key", program.key, "--level", "3",
                "--cache", program.directory.path(worker + "-cache"), "--no-progress",
            ]
        }

        /// Empties a worker's output and cache, or puts the older bundle at the output.
        func start(_ worker: String, withOlder: Bool) throws {
            for name in [worker, worker + "-cache", worker + ".partial"] { try program.remove(name) }
            guard withOlder else { return }
            try FileManager.default.copyItem(
                atPath: program.directory.path("old"), toPath: program.directory.path(worker))
        }

        /// What lies at the output is nothing, the whole older bundle, or the whole new one.
        func check(_ worker: String, withOlder: Bool, _ what: String) throws {
            if program.exists(worker) {
                let tree = try program.tree(worker)
                #expect(tree == clean || (withOlder && tree == older), "\(what)")
            } else {
                #expect(!withOlder, "\(what)")
            }
            // What is being made, or taken away, is no bundle either unless it is whole.
            if program.exists(worker + ".partial/STATEMENT") {
                let tree = try program.tree(worker + ".partial")
                #expect(tree == clean || (withOlder && tree == older), "\(what)")
            }
        }

        /// Continues without removing anything.
        func complete(_ worker: String, _ what: String) async throws {
            try await program.command(arguments(worker)).check()
            #expect(try program.tree(worker) == clean, "\(what)")
            #expect(!program.exists(worker + ".partial"), "\(what)")
            let kept = try FileManager.default.contentsOfDirectory(atPath: program.directory.path(worker + "-cache/v1"))
            #expect(!kept.contains { $0.hasPrefix(".tmp-") }, "\(what)")
        }
    }

    @Test(.timeLimit(.minutes(60)))
    func `a build that is killed at 200 random moments is completed to the same bytes`() async throws {
        let scene = try await Scene()
        let kills = try await withThrowingTaskGroup(of: Int.self) { group in
            for (number, withOlder) in [false, true].enumerated() {
                group.addTask { try await Self.killed(100, scene, "worker\(number)", withOlder: withOlder) }
            }
            return try await group.reduce(0, +)
        }
        #expect(kills == 200)
    }

    /// Kills builds until there were so many; every few are completed.
    private static func killed(_ count: Int, _ scene: Scene, _ worker: String, withOlder: Bool) async throws -> Int {
        var kills = 0
        var random = DeterministicRandom(seed: withOlder ? 8 : 9)
        var sinceStart = 0
        try scene.start(worker, withOlder: withOlder)
        while kills < count {
            let build = try scene.program.command(scene.arguments(worker)).start()
            try await Task.sleep(for: scene.duration * Double.random(in: 0...1, using: &random))
            build.kill()
            let status = await build.waitForEnd()
            sinceStart += 1
            if status == .signalled(9) { kills += 1 } else { #expect(status == .exited(0)) }
            try scene.check(worker, withOlder: withOlder, "kill \(kills) of \(worker)")
            guard status != .signalled(9) || sinceStart == 5 else { continue }
            try await scene.complete(worker, "after kill \(kills) of \(worker)")
            try scene.start(worker, withOlder: withOlder)
            sinceStart = 0
        }
        try await scene.complete(worker, "at the end of \(worker)")
        return kills
    }

    /// The calls that change what is on the disk, and the ones around them.
    private static let calls = [
        "fsync", "renameat", "renameat2", "mkdirat", "unlinkat", "fchmod", "write", "openat2", "flock", "getdents64",
    ]

    @Test(.enabled(if: Toolbox.has("strace")), .timeLimit(.minutes(60)))
    func `a build that is killed in the nth call of each kind is completed to the same bytes`() async throws {
        let scene = try await Scene()
        let kills = try await withThrowingTaskGroup(of: Int.self) { group in
            for (number, withOlder) in [false, true].enumerated() {
                group.addTask {
                    var kills = 0
                    for call in Self.calls {
                        // Each worker takes its own moments.
                        for moment in withOlder ? [1, 3, 8, 21] : [2, 5, 13, 34] {
                            let status = try await Self.kill(
                                in: call, moment, scene, "worker\(number)", withOlder: withOlder)
                            guard status == .signalled(9) else { break }
                            kills += 1
                        }
                    }
                    return kills
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(kills >= 30)
    }

    private static func kill(
        in call: String, _ moment: Int, _ scene: Scene, _ worker: String, withOlder: Bool
    ) async throws -> CommandStatus {
        try scene.start(worker, withOlder: withOlder)
        let build = scene.program.command(scene.arguments(worker))
            .injecting("signal=KILL:when=\(moment)", in: call)
        let status = try await build.run().status
        let what = "\(call) \(moment), \(withOlder ? "with" : "without") an older bundle"
        #expect(status == .signalled(9) || status == .exited(0), "\(what): \(status)")
        try scene.check(worker, withOlder: withOlder, what)
        try await scene.complete(worker, what)
        return status
    }
}
