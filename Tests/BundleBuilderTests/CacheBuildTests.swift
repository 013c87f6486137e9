import BundleFormat
import BundleSpec
import Console
import Cryptography
import Foundation
import OCI
import Synchronization
import TestSupport
import Testing

@testable import BundleBuilder

/// The same bytes every time, whatever the cache holds, however many cores work, and whatever rots in between.
@Suite struct CacheBuildTests {
    /// A workshop with a registry of one image with layers of every encoding.
    private struct Scene: Sendable {
        let workshop: Workshop
        let registry: LyingRegistry
        let specification: Specification
        let lock: LockFile
        let layerPaths: Set<String>

        init() async throws {
            workshop = try Workshop()
            registry = try await LyingRegistry()
            let image = ImageFixture([
                try await ImageFactory.files(seed: 90, count: 6, size: 30_000),
                try await ImageFactory.files(seed: 91, count: 9, size: 60_000, compression: .none),
                try await ImageFactory.files(seed: 92, count: 3, size: 9_000, compression: .zstd(level: 3)),
                try await LayerFixture([]),
            ])
            var images = ImageSet()
            images.add(image, tag: "1")
            registry.serve(images, repository: "team/app")
            specification = try workshop.specification(of: ["\(registry.host)/team/app:1"])
            lock = try await workshop.lock(specification)
            layerPaths = Set(image.layers.map { LyingRegistry.blobPath("team/app", $0.digest) })
            _ = try await make("reference")
        }

        @discardableResult
        func make(_ output: String, cache: String = "cache", jobs: Int = 2) async throws -> BundleContents {
            try await workshop.make(specification, lock: lock, cache: cache, output: output, jobs: jobs)
        }

        var layerRequests: Int { registry.requests.count { layerPaths.contains($0.path) } }

        /// Changes every file of one kind in the cache.
        func change(_ folder: String, _ body: (inout [UInt8]) -> Void) throws {
            let files = workshop.directory
            for name in try FileManager.default.contentsOfDirectory(atPath: files.path("cache/v1/\(folder)")) {
                var bytes = try files.read("cache/v1/\(folder)/\(name)")
                body(&bytes)
                try files.write(bytes, to: "cache/v1/\(folder)/\(name)")
            }
        }

        /// The files of the cache with what shows that one was written anew.
        func cacheState() throws -> [String: String] {
            let root = workshop.directory.path("cache")
            var state: [String: String] = [:]
            for path in try FileManager.default.subpathsOfDirectory(atPath: root) {
                let attributes = try FileManager.default.attributesOfItem(atPath: root + "/" + path)
                guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
                let number = attributes[.systemFileNumber] as? Int ?? 0
                let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
                state[path] = "\(number) \(time) \(attributes[.size] as? Int ?? 0)"
            }
            return state
        }
    }

    private func withScene(_ body: (Scene) async throws -> Void) async throws {
        let scene = try await Scene()
        do { try await body(scene) } catch {
            await scene.registry.shutdown()
            throw error
        }
        await scene.registry.shutdown()
    }

    @Test func `two builds of one lock are the same bytes`() async throws {
        try await withScene { scene in
            let reference = try scene.workshop.tree("reference")
            #expect(reference.count > 8)
            for (number, (cache, jobs)) in [("cold1", 1), ("cold2", 2), ("cold3", 7), ("cold1", 3), ("cache", 1)]
                .enumerated()
            {
                try await scene.make("again\(number)", cache: cache, jobs: jobs)
                #expect(try scene.workshop.tree("again\(number)") == reference, "\(cache), \(jobs) jobs")
            }
        }
    }

    @Test func `what decides the bytes is the lock, the level and the version, and nothing else`() async throws {
        try await withScene { scene in
            let reference = try scene.workshop.tree("reference")
            _ = try await scene.workshop.make(scene.specification, lock: scene.lock, output: "level", level: 19)
            #expect(try scene.workshop.tree("level") != reference)
            let time = try #require(Timestamp(seconds: 1_000_000_000))
            let build = try scene.workshop.build(scene.specification, output: "time", created: time)
            _ = try await build.run(scene.lock)
            let contents = try await scene.workshop.verified("time")
            #expect(contents.manifest.created == time && contents.statement.created == time)
            #expect(
                try await scene.workshop.verified("reference").manifest.created.description == "2024-01-02T03:04:05Z")
        }
    }

    @Test func `a second build transfers no layer and compresses nothing`() async throws {
        try await withScene { scene in
            let requests = scene.layerRequests
            #expect(requests == 4)
            let cache = try scene.cacheState()
            let plan = try await scene.workshop.build(scene.specification).plan(scene.lock)
            #expect(plan.missingBytes == 0 && plan.blobBytes > 0)
            try await scene.make("second")
            #expect(scene.layerRequests == requests)
            #expect(try scene.cacheState() == cache)
            #expect(try scene.workshop.tree("second") == scene.workshop.tree("reference"))
        }
    }

    @Test func `pulling and planning write no bundle, and the build then transfers nothing`() async throws {
        try await withScene { scene in
            let before = scene.layerRequests
            let build = try scene.workshop.build(scene.specification, cache: "other", output: "later")
            let plan = try await build.plan(scene.lock)
            #expect(plan.missingBytes == plan.blobBytes && plan.images.map(\.layerCount) == [4])
            #expect(scene.layerRequests == before)
            try await build.pull(scene.lock)
            #expect(scene.layerRequests == before + 4)
            #expect(try scene.workshop.tree("later").isEmpty && scene.workshop.tree("later.partial").isEmpty)
            try await scene.make("later", cache: "other")
            #expect(scene.layerRequests == before + 4)
            #expect(try scene.workshop.tree("later") == scene.workshop.tree("reference"))
        }
    }

    @Test(arguments: ["blobs", "frames", "layouts", "layers"])
    func `a cache that rotted never gives a wrong bundle, and heals`(folder: String) async throws {
        try await withScene { scene in
            let root = scene.workshop.directory.path("cache/v1")
            let reference = try scene.workshop.tree("reference")
            var random = DeterministicRandom(seed: 3)
            var runs = 0
            for name in try FileManager.default.contentsOfDirectory(atPath: root + "/" + folder).sorted() {
                let path = "cache/v1/\(folder)/\(name)"
                let bytes = try scene.workshop.directory.read(path)
                var damages: [[UInt8]] = [[], Array(bytes.dropLast()), bytes + [0]]
                for _ in 0..<(folder == "layouts" ? 60 : 4) {
                    var flipped = bytes
                    flipped[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
                    damages.append(flipped)
                }
                for damage in damages {
                    // Without its layout a build cuts again, and reads blobs and facts again.
                    for isWarm in [true, false] {
                        if !isWarm {
                            guard folder != "layouts" else { continue }
                            try? FileManager.default.removeItem(atPath: root + "/layouts")
                        }
                        try scene.workshop.directory.write(damage, to: path)
                        try await expectSame(scene, reference, "\(folder)/\(name)")
                        runs += 1
                    }
                }
            }
            #expect(runs > 20)
        }
    }

    /// Builds once, and demands the same bytes as with a sound cache.
    private func expectSame(_ scene: Scene, _ reference: [String: Digest?], _ what: String) async throws {
        let output = "healed-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        do { try await scene.make(output) } catch {
            Issue.record("\(what): \(error)")
            return
        }
        #expect(try scene.workshop.tree(output) == reference, "\(what)")
        try FileManager.default.removeItem(atPath: scene.workshop.directory.path(output))
    }

    @Test func `a cache of which every file rotted heals in one build`() async throws {
        try await withScene { scene in
            let reference = try scene.workshop.tree("reference")
            for folders in [["blobs", "layers", "frames", "layouts"], ["blobs", "layouts"], ["frames"]] {
                for folder in folders { try scene.change(folder) { $0[$0.count / 2] ^= 8 } }
                let notes = Mutex(0)
                let progress = WorkListener(
                    phase: { _, _ in }, advance: { _ in }, note: { _ in notes.withLock { $0 += 1 } })
                _ = try await scene.workshop.build(scene.specification, output: "healed", progress: progress)
                    .run(scene.lock)
                #expect(try scene.workshop.tree("healed") == reference, "\(folders)")
                #expect(notes.withLock { $0 } > 0, "\(folders)")
                let requests = scene.layerRequests
                try await scene.make("healed")
                #expect(scene.layerRequests == requests)
            }
            // Without a bundle too.
            for folder in ["blobs", "layers"] { try scene.change(folder) { $0[$0.count / 2] ^= 8 } }
            let requests = scene.layerRequests
            try await scene.workshop.build(scene.specification).pull(scene.lock)
            #expect(scene.layerRequests == requests + 4)
        }
    }

    @Test func `damage that still reads well does not change the bundle`() async throws {
        try await withScene { scene in
            let reference = try scene.workshop.tree("reference")
            // A bit of a frame's header that decompressors ignore.
            try scene.change("frames") { $0[4] ^= 0x10 }
            try FileManager.default.removeItem(atPath: scene.workshop.directory.path("cache/v1/layouts"))
            try await expectSame(scene, reference, "frames")
            // Another compression than the blob has.
            for name in ["none", "gzip", "zstd"] {
                try scene.change("layers") { bytes in
                    let seal = Array(bytes.suffix(Digest.byteCount))
                    let text = String(decoding: bytes.dropLast(Digest.byteCount), as: UTF8.self)
                    let pattern = /"compression":"[a-z]+"/
                    #expect(text.contains(pattern))
                    bytes = Array(text.replacing(pattern) { _ in "\"compression\":\"\(name)\"" }.utf8) + seal
                }
                try FileManager.default.removeItem(atPath: scene.workshop.directory.path("cache/v1/layouts"))
                try await expectSame(scene, reference, name)
            }
        }
    }

    @Test func `a part that is damaged again and again is an error`() async throws {
        try await withScene { scene in
            try FileManager.default.removeItem(atPath: scene.workshop.directory.path("cache/v1/layouts"))
            let progress = WorkListener(
                phase: { name, _ in if name == "pack" { try? scene.change("blobs") { $0[$0.count / 2] ^= 8 } } },
                advance: { _ in }, note: { _ in })
            let build = try scene.workshop.build(scene.specification, output: "never", progress: progress)
            #expect(await Workshop.code { _ = try await build.run(scene.lock) } == .files)
            #expect(scene.workshop.hasNoBundle("never"))
        }
    }

    @Test func `a partial blob that holds other bytes is pulled anew`() async throws {
        try await withScene { scene in
            let reference = try scene.workshop.tree("reference")
            var random = DeterministicRandom(seed: 4)
            for path in scene.layerPaths.sorted() {
                let name = try #require(path.split(separator: ":").last)
                for (number, count) in [0, 1, 100, 20_000, 3_000_000].enumerated() {
                    let cache = "partial-\(name.prefix(8))-\(number)"
                    try scene.workshop.directory.makeDirectory("\(cache)/v1/partial")
                    try scene.workshop.directory.write(random.bytes(count), to: "\(cache)/v1/partial/\(name)")
                    try await scene.make(cache + "-bundle", cache: cache)
                    #expect(try scene.workshop.tree(cache + "-bundle") == reference, "\(count)")
                }
            }
        }
    }
}
