import BundleFormat
import OCI
import Testing

/// Streams as loads read them: the frame that comes next is decoded by another thread.
@Suite struct FramesAheadTests {
    /// A bundle of small frames, with recipes that go back to earlier ones.
    private static func bundle() async throws -> (BundleFixture, BundleManifest, [BundleLayer], FrameIndex) {
        let bundle = try await BundleFixture.everything()
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        return (bundle, manifest, manifest.layers.filter { $0.stream == $0.digest }, try files.index(manifest))
    }

    /// What a reader hands over of a stream, and the error that ends it.
    private static func read(
        _ layer: BundleLayer, _ bundle: BundleFixture, _ manifest: BundleManifest, cacheSize: Int = 0
    ) throws -> (bytes: [UInt8], error: BundleError?) {
        let files = try BundleFiles(path: bundle.path)
        let reader = LayerReader(files: files, manifest: manifest, cacheSize: cacheSize, compressedCacheSize: 0)
        var bytes: [UInt8] = []
        do {
            try reader.readStream(layer) { bytes += $0 }
            return (bytes, nil)
        } catch let error as BundleError {
            return (bytes, error)
        }
    }

    @Test(arguments: [0, 16 << 10, 1 << 20])
    func `a stream of many frames comes out whole`(cacheSize: Int) async throws {
        let (bundle, manifest, layers, index) = try await Self.bundle()
        var largest = 0
        for layer in layers {
            let (bytes, error) = try Self.read(layer, bundle, manifest, cacheSize: cacheSize)
            #expect(error == nil && bytes == bundle.draft.blobs[layer.digest])
            let stream = index.streams[try #require(index.position(of: layer.stream))]
            largest = max(largest, Set(try index.runs(of: stream).map(\.frame)).count)
        }
        #expect(largest > 3)
    }

    @Test func `damage is told where it lies, after what comes before it`() async throws {
        let (bundle, manifest, layers, index) = try await Self.bundle()
        for layer in layers where layer.size > 0 {
            let runs = try index.runs(of: index.streams[try #require(index.position(of: layer.stream))])
            let last = try #require(runs.last)
            let whole = runs.prefix { $0.frame != last.frame }.reduce(0) { $0 + Int($1.length) }
            let frame = index.frames[Int(last.frame)]
            let path = "\(bundle.path)/blobs/sha256/\(manifest.packs[frame.pack].digest.hex)"
            let pack = try BundleTree.read(path)
            var damaged = pack
            damaged[Int(frame.offset) + frame.compressedSize - 1] ^= 1
            try BundleTree.write(damaged, to: path)
            let (bytes, error) = try Self.read(layer, bundle, manifest)
            try BundleTree.write(pack, to: path)
            #expect(error?.code == .damaged)
            #expect(bytes == Array(try #require(bundle.draft.blobs[layer.digest]).prefix(whole)))
        }
    }

    /// Each reader holds a thread of the pool while it waits, so decoding must not need one.
    @Test(.timeLimit(.minutes(2))) func `more readers than threads come to an end`() async throws {
        let (bundle, manifest, layers, _) = try await Self.bundle()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    for layer in layers {
                        let (bytes, error) = try Self.read(layer, bundle, manifest)
                        #expect(error == nil && Int64(bytes.count) == layer.size)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `whoever takes no more gets an own error back`() async throws {
        struct Enough: Error {}
        let (bundle, manifest, layers, _) = try await Self.bundle()
        let reader = LayerReader(files: try BundleFiles(path: bundle.path), manifest: manifest)
        for layer in layers where layer.size > 0 {
            for _ in 0..<20 { #expect(throws: Enough.self) { try reader.readStream(layer) { _ in throw Enough() } } }
        }
    }
}
