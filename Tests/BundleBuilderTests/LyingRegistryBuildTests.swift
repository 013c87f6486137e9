import BundleBuilder
import BundleFormat
import BundleSpec
import Cryptography
import Foundation
import OCI
import TestSupport
import Testing

/// Builds from a registry that lies, breaks off, loses patience or changes its mind.
@Suite struct LyingRegistryBuildTests {
    /// A registry with one image of two layers, and what is needed to build it.
    private struct Scene: Sendable {
        let workshop: Workshop
        let registry: LyingRegistry
        let images: ImageSet
        let image: ImageFixture
        let specification: Specification
        let lock: LockFile

        /// The path of the larger layer's blob.
        let layerPath: String
        let layer: [UInt8]

        init() async throws {
            workshop = try Workshop()
            registry = try await LyingRegistry()
            let large = try await ImageFactory.files(seed: 70, count: 12, size: 20_000)
            image = ImageFixture([try await ImageFactory.files(seed: 71, count: 2, size: 2_000), large])
            var images = ImageSet()
            images.add(image, tag: "1")
            self.images = images
            registry.serve(images, repository: "team/app")
            specification = try workshop.specification(of: ["\(registry.host)/team/app:1"])
            lock = try await workshop.lock(specification)
            layer = large.blob
            layerPath = LyingRegistry.blobPath("team/app", large.digest)
        }

        var tagPath: String { LyingRegistry.manifestPath("team/app", "1") }
        var manifestPath: String { LyingRegistry.manifestPath("team/app", image.descriptor.digest.description) }
        var configPath: String { LyingRegistry.blobPath("team/app", image.imageID) }

        /// Builds with a cold cache and demands one clear refusal and nothing at the output.
        func expectRefusal(
            _ what: String, code: BuildError.Code = .source, cache: String = "cold",
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            do {
                _ = try await workshop.make(specification, lock: lock, cache: cache, output: "refused")
                Issue.record("\(what) was accepted", sourceLocation: sourceLocation)
            } catch let error as BuildError {
                #expect(error.code == code, "\(what): \(error)", sourceLocation: sourceLocation)
                #expect(!error.message.contains("\n"), "\(error)", sourceLocation: sourceLocation)
                #expect(error.message.contains("team/app"), "\(error)", sourceLocation: sourceLocation)
            }
            #expect(workshop.hasNoBundle("refused"), "\(what)", sourceLocation: sourceLocation)
            try? FileManager.default.removeItem(atPath: workshop.directory.path(cache))
        }

        /// Builds with a cold cache what must be the same bundle as an honest registry's.
        func expectClean(_ what: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let output = "clean-" + String(UInt32.random(in: 0...UInt32.max))
            _ = try await workshop.make(specification, lock: lock, cache: output + "-cache", output: output)
            if try workshop.tree("reference").isEmpty {
                try FileManager.default.copyItem(
                    atPath: workshop.directory.path(output), toPath: workshop.directory.path("reference"))
            }
            #expect(try workshop.tree(output) == workshop.tree("reference"), "\(what)", sourceLocation: sourceLocation)
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

    @Test func `bytes that are not those of their digest never get into a bundle`() async throws {
        try await withScene { scene in
            for (name, path) in [
                ("layer", scene.layerPath), ("config", scene.configPath), ("manifest", scene.manifestPath),
            ] {
                let resource =
                    name == "layer" ? scene.layer : name == "config" ? scene.image.config : scene.image.manifest
                var flipped = resource
                flipped[resource.count / 2] ^= 1
                for (kind, body) in [
                    ("one bit", flipped), ("one byte less", Array(resource.dropLast())),
                    ("one byte more", resource + [0x20]), ("nothing", []), ("something else", Array("{}".utf8)),
                ] {
                    for isChunked in [false, true] {
                        scene.registry.fault(on: path) { _, _ in
                            LyingRegistry.Fault.body(body).with { $0.isChunked = isChunked }
                        }
                        try await scene.expectRefusal("\(name) with \(kind)\(isChunked ? ", in chunks" : "")")
                    }
                }
                scene.registry.fault(on: path) { _, _ in .none }
            }
            try await scene.expectClean("an honest registry")
        }
    }

    @Test func `a layer that breaks off anywhere is continued, and the bundle is as if it had not`() async throws {
        try await withScene { scene in
            try await scene.expectClean("an honest registry")
            var random = DeterministicRandom(seed: 5)
            let size = scene.layer.count
            var offsets = [0, 1, size - 1, 16 << 10]
            for _ in 0..<8 { offsets.append(Int(random.next() % UInt64(size))) }
            for offset in offsets {
                var isResumed = false
                // A client that had no time to hand on what it got gets more of it.
                for delay: Duration in [.milliseconds(50), .seconds(1), .seconds(10)] where !isResumed {
                    let before = scene.registry.requests(for: scene.layerPath).count
                    scene.registry.fault(on: scene.layerPath) { _, attempt in
                        attempt == before + 1 ? .cut(after: offset, delay: delay) : .none
                    }
                    try await scene.expectClean("cut after \(offset)")
                    let requests = scene.registry.requests(for: scene.layerPath).dropFirst(before)
                    #expect(requests.count == 2, "\(offset)")
                    isResumed = offset <= 64 << 10 || requests.last?["Range"]?.hasPrefix("bytes=") ?? false
                }
                #expect(isResumed, "\(offset)")
            }
            // Again and again, a little further each time: it is progress that counts.
            let step = size / 9
            scene.registry.fault(on: scene.layerPath) { _, _ in .cut(after: step, delay: .milliseconds(50)) }
            try await scene.expectClean("cut every \(step) bytes")
        }
    }

    @Test func `a build that was given up takes up the layer where it broke`() async throws {
        try await withScene { scene in
            let half = scene.layer.count / 2
            scene.registry.fault(on: scene.layerPath) { request, attempt in
                attempt == 1 ? .cut(after: half) : .status(503)
            }
            #expect(
                await Workshop.code {
                    _ = try await scene.workshop.make(scene.specification, lock: scene.lock, cache: "kept")
                } == .source)
            #expect(scene.workshop.hasNoBundle())
            let before = scene.registry.requests(for: scene.layerPath).count
            scene.registry.fault(on: scene.layerPath) { _, _ in .none }
            _ = try await scene.workshop.make(scene.specification, lock: scene.lock, cache: "kept", output: "reference")
            let requests = scene.registry.requests(for: scene.layerPath).dropFirst(before)
            let start = requests.first?["Range"].flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
            #expect(requests.count == 1)
            #expect(0 < start && start <= half)
            try await scene.expectClean("an honest registry")
        }
    }

    @Test func `a registry that is busy for a while is waited for`() async throws {
        try await withScene { scene in
            for path in [scene.layerPath, scene.configPath, scene.manifestPath] {
                for fault in [
                    LyingRegistry.Fault.status(429, headers: ["Retry-After": "0"]), .status(503), .status(500),
                    .status(408), .cut(after: -1),
                ] {
                    let before = scene.registry.requests(for: path).count
                    scene.registry.fault(on: path) { _, attempt in attempt <= before + 2 ? fault : .none }
                    try await scene.expectClean("\(fault) at \(path)")
                    #expect(scene.registry.requests(for: path).count == before + 3)
                }
                scene.registry.fault(on: path) { _, _ in .none }
            }
        }
    }

    @Test func `a registry that never recovers is given up with one sentence`() async throws {
        try await withScene { scene in
            for path in [scene.layerPath, scene.configPath, scene.manifestPath] {
                for fault in [
                    LyingRegistry.Fault.status(429), .status(503), .status(401), .status(403), .cut(after: -1),
                    .redirect(to: path), .redirect(to: "ftp://127.0.0.1/x"),
                ] {
                    scene.registry.fault(on: path) { _, _ in fault }
                    try await scene.expectRefusal("\(fault) at \(path)")
                }
                scene.registry.fault(on: path) { _, _ in .status(404) }
                try await scene.expectRefusal("404 at \(path)", code: .notFound)
                scene.registry.fault(on: path) { _, _ in .none }
            }
        }
    }

    @Test func `an endless body is cut off`() async throws {
        try await withScene { scene in
            for path in [scene.layerPath, scene.configPath, scene.manifestPath] {
                scene.registry.fault(on: path) { _, _ in
                    LyingRegistry.Fault.body([UInt8](repeating: 0x20, count: 1 << 16)).with { $0.isEndless = true }
                }
                try await scene.expectRefusal("an endless \(path)")
                scene.registry.fault(on: path) { _, _ in .none }
            }
        }
    }

    @Test func `a tag that moves between requests cannot mix two images`() async throws {
        try await withScene { scene in
            let other = try await ImageFactory.small(seed: 80)
            var images = ImageSet()
            images.add(other, tag: "2")
            scene.registry.serve(images, repository: "team/app")
            let moved = LyingRegistry.Fault.body(other.manifest).with {
                $0.headers["Docker-Content-Digest"] = other.descriptor.digest.description
            }
            for first in [1, 2] {
                let before = scene.registry.requests(for: scene.tagPath).count
                scene.registry.fault(on: scene.tagPath) { _, attempt in attempt - before > first ? moved : .none }
                let lock = try await scene.workshop.lock(scene.specification)
                let contents = try await scene.workshop.make(
                    scene.specification, lock: lock, cache: "cache\(first)", output: "moved\(first)")
                let image = try #require(contents.manifest.images.first)
                let expected = image.root == other.descriptor.digest ? images : scene.images
                try contents.expectIdentical(roots: [image.reference: image.root]) {
                    try #require(expected.blobs[$0])
                }
            }
            // The tag moved for good after the lock: what was locked is what is built.
            scene.registry.fault(on: scene.tagPath) { _, _ in moved }
            try await scene.expectClean("a tag that moved after the lock")
            let contents = try await scene.workshop.verified("reference")
            #expect(contents.manifest.images.map(\.root) == [scene.image.descriptor.digest])
            // A registry that names another digest than that of the bytes it sends.
            scene.registry.fault(on: scene.tagPath) { _, _ in
                .headers(["Docker-Content-Digest": other.descriptor.digest.description])
            }
            #expect(await Workshop.code { _ = try await scene.workshop.lock(scene.specification) } == .source)
        }
    }

    @Test func `an image that contradicts itself is refused`() async throws {
        try await withScene { scene in
            let one = scene.image.layers[0]
            let two = scene.image.layers[1]
            let garbage = try await LayerFixture(tar: Array(repeating: 7, count: 100), compression: .gzip(level: 1))
            let cutOff = Array(two.blob.prefix(two.blob.count / 2))
            let table: [(name: String, blobs: [[UInt8]], diffIDs: [DiffID])] = [
                ("a diffID of another layer", [one.blob, two.blob], [one.diffID, one.diffID]),
                ("layers in another order", [one.blob, two.blob], [two.diffID, one.diffID]),
                ("a diffID too many", [one.blob], [one.diffID, two.diffID]),
                ("a diffID too few", [one.blob, two.blob], [one.diffID]),
                ("the digest of the blob for a diffID", [one.blob], [DiffID(one.digest)]),
                ("a layer that is cut off", [cutOff], [two.diffID]),
                ("another layer's diffID", [garbage.blob], [one.diffID]),
            ]
            for (name, layers, diffIDs) in table {
                let config = Array(
                    """
                    {"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":\
                    [\(diffIDs.map { "\"\($0)\"" }.joined(separator: ","))]}}
                    """.utf8)
                let descriptor = scene.registry.serve(blob: config, mediaType: .ociConfig, repository: "team/app")
                let blobs = layers.map { scene.registry.serve(blob: $0, repository: "team/app") }
                let manifest = ImageFixture.manifest(config: descriptor, layers: blobs)
                let root = scene.registry.serve(
                    document: manifest, mediaType: .ociManifest, repository: "team/app", tags: ["wrong"])
                let specification = try scene.workshop.specification(of: ["\(scene.registry.host)/team/app:wrong"])
                let lock = try await scene.workshop.lock(specification)
                #expect(lock.descriptor(for: specification.images[0].key)?.digest == root.digest)
                // With a warm cache too: what is known of a layer is compared with every config.
                for _ in 0..<2 {
                    do {
                        _ = try await scene.workshop.make(specification, lock: lock, output: "wrong")
                        Issue.record("\(name) was accepted")
                    } catch let error as BuildError {
                        #expect(error.code == .source, "\(name): \(error)")
                        #expect(error.message.contains("team/app:wrong"), "\(name): \(error)")
                    }
                    #expect(scene.workshop.hasNoBundle("wrong"), "\(name)")
                }
            }
        }
    }
}
