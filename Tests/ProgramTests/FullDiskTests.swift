import Foundation
import OCI
import StrictJSON
import Synchronization
import TestSupport
import Testing

/// Volumes without room: exit code 6, nothing that looks like a bundle, and a build that works when there is room.
@Suite(.serialized, .enabled(if: Toolbox.canMount)) struct FullDiskTests {
    /// A registry that serves one image, and a small volume in the program's directory.
    private struct Scene: Sendable {
        let registry: LyingRegistry
        let program: Program
        let spec: String
        let layerPath: String
        let layer: LayerFixture
        let clean: [String: [UInt8]]

        init(mount options: String, compression: LayerFixture.Compression = .gzip(level: 6)) async throws {
            registry = try await LyingRegistry()
            program = try await Program()
            // Random bytes: what is stored is as large as what is pulled.
            var random = DeterministicRandom(seed: 110)
            let content = random.bytes(3 << 20)
            layer = try await LayerFixture([.file("random", content)], compression: compression)
            var images = ImageSet()
            images.add(ImageFixture([layer, try await ImageFactory.files(seed: 111, count: 3, size: 1000)]), tag: "1")
            registry.serve(images, repository: "team/app")
            layerPath = LyingRegistry.blobPath("team/app", layer.digest)
            spec = try program.spec("  - \(registry.host)/team/app:1")
            try await program.build(spec, output: "clean")
            clean = try program.tree("clean")
            let point = try program.directory.makeDirectory("small")
            try await Command("mount", ["-t", "tmpfs", "-o", options, "tmpfs", point]).check()
        }

        func run(output: String, cache: String, level: Int = 3) async throws -> CommandResult {
            try await program.command([
                "build", spec, "--output", program.directory.path(output), "--key", program.key, "--level",
                "\(level)", "--cache", program.directory.path(cache),
            ]).run()
        }

        func expectFull(output: String, cache: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let result = try await run(output: output, cache: cache)
            #expect(result.status == .exited(6), "\(result.errorText)", sourceLocation: sourceLocation)
            let sentences = result.errorText.split(separator: "\n").filter { $0.hasPrefix("bundle: ") }
            #expect(sentences.count == 1, "\(result.errorText)", sourceLocation: sourceLocation)
            #expect(!program.exists(output) && !program.exists(output + ".partial"), sourceLocation: sourceLocation)
        }

        func expectWorks(output: String, cache: String, sourceLocation: SourceLocation = #_sourceLocation) async throws
        {
            let result = try await run(output: output, cache: cache)
            #expect(result.status == .exited(0), "\(result.errorText)", sourceLocation: sourceLocation)
            #expect(try program.tree(output) == clean, sourceLocation: sourceLocation)
            try await program.expectWhole(output, sourceLocation: sourceLocation)
        }

        func remount(_ options: String) async throws {
            try await Command("mount", ["-o", "remount," + options, program.directory.path("small")]).check()
        }

        func end() async throws {
            // Lazily: a program that another test starts at this moment may have inherited an open file for a while.
            try await Command("umount", ["--lazy", program.directory.path("small")]).check()
            await registry.shutdown()
        }

        /// Takes all room of the small volume when the layer is asked for, which is after the room was counted.
        func fillWhenPulling() {
            let path = program.directory.path("small/filler")
            registry.fault(on: layerPath) { _, _ in
                let file = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
                guard file >= 0 else { return .none }
                defer { close(file) }
                let block = [UInt8](repeating: 1, count: 64 << 10)
                while write(file, block, block.count) > 0 {}
                return .none
            }
        }
    }

    @Test(arguments: [("small/bundle", "cache"), ("bundle", "small/cache"), ("small/bundle", "small/cache")])
    func `a volume that is too small is refused before anything is pulled`(output: String, cache: String) async throws {
        let scene = try await Scene(mount: "size=2m")
        let before = scene.registry.requests(for: scene.layerPath).count
        try await scene.expectFull(output: output, cache: cache)
        #expect(scene.registry.requests(for: scene.layerPath).count == before)
        try await scene.remount("size=64m")
        try await scene.expectWorks(output: output, cache: cache)
        try await scene.end()
    }

    @Test func `what a killed build left takes no room from the next one`() async throws {
        let scene = try await Scene(mount: "size=8m")
        try scene.program.directory.makeDirectory("small/bundle.partial/blobs/sha256")
        // Not written by this process: a daemon that another test starts meanwhile could inherit the open file, and a
        // removed file takes room until it is closed.
        let leftover = scene.program.directory.path("small/bundle.partial/blobs/sha256/.tmp-1")
        try await Command("fallocate", ["--length", "7MiB", leftover]).check()
        try await scene.expectWorks(output: "small/bundle", cache: "cache")
        try await scene.end()
    }

    @Test func `of a blob that came in part only the rest needs room`() async throws {
        let scene = try await Scene(mount: "size=7m")
        let name = scene.layer.digest.hex
        try scene.program.directory.makeDirectory("small/cache/v1/partial")
        try scene.program.directory.write(
            Array(scene.layer.blob.prefix(5 << 19)), to: "small/cache/v1/partial/\(name)")
        try await scene.expectWorks(output: "bundle", cache: "small/cache")
        try await scene.end()
    }

    @Test func `another level needs room for other frames, though nothing is pulled`() async throws {
        let scene = try await Scene(mount: "size=8m", compression: .none)
        try await scene.expectWorks(output: "bundle", cache: "small/cache")
        let frames = try scene.program.tree("small/cache/v1/frames").keys
        let result = try await scene.run(output: "other", cache: "small/cache", level: 4)
        #expect(result.status == .exited(6), "\(result.errorText)")
        #expect(try scene.program.tree("small/cache/v1/frames").keys == frames)
        #expect(scene.program.hasNoBundle("other"))
        try await scene.remount("size=16m")
        let again = try await scene.run(output: "other", cache: "small/cache", level: 4)
        #expect(again.status == .exited(0), "\(again.errorText)")
        try await scene.end()
    }

    @Test(arguments: [("small/bundle", "cache"), ("bundle", "small/cache")])
    func `a volume that fills up in the middle leaves nothing that looks like a bundle`(
        output: String, cache: String
    ) async throws {
        let scene = try await Scene(mount: "size=16m")
        scene.fillWhenPulling()
        try await scene.expectFull(output: output, cache: cache)
        #expect(scene.program.exists("small/filler"))
        scene.registry.fault(on: scene.layerPath) { _, _ in .none }
        try scene.program.remove("small/filler")
        try await scene.expectWorks(output: output, cache: cache)
        try await scene.end()
    }

    @Test(arguments: [("small/bundle", "cache", [3, 5, 7, 9, 11, 13]), ("bundle", "small/cache", [5, 8, 10, 12, 14])])
    func `a volume without inodes is as good as full`(output: String, cache: String, inodes: [Int]) async throws {
        let scene = try await Scene(mount: "size=64m,nr_inodes=3")
        for count in inodes {
            try await scene.remount("nr_inodes=\(count)")
            try await scene.expectFull(output: output, cache: cache)
        }
        try await scene.remount("nr_inodes=1000")
        try await scene.expectWorks(output: output, cache: cache)
        try await scene.end()
    }

    @Test(.enabled(if: Toolbox.has("strace")), arguments: ["fsync", "mkdirat", "renameat"])
    func `a disk that is full at the nth call never leaves a bundle`(call: String) async throws {
        let scene = try await Scene(mount: "size=64m")
        var full = 0
        for moment in [1, 2, 4, 7, 12, 20] {
            for name in ["bundle", "bundle.partial", "small/cache"] { try scene.program.remove(name) }
            let build = scene.program.command([
                "build", scene.spec, "--output", scene.program.directory.path("bundle"), "--key",
                scene.program.key, "--level", "3", "--cache", scene.program.directory.path("small/cache"),
            ]).injecting("error=ENOSPC:when=\(moment)", in: call)
            let result = try await build.run()
            if result.status == .exited(0) {
                #expect(try scene.program.tree() == scene.clean)
            } else {
                #expect(result.status == .exited(6), "\(call) \(moment): \(result.errorText)")
                full += 1
                if scene.program.exists("bundle") {
                    #expect(try scene.program.tree() == scene.clean, "\(call) \(moment)")
                }
            }
            try await scene.expectWorks(output: "bundle", cache: "small/cache")
        }
        #expect(full > 0)
        try await scene.end()
    }
}
