import BundleFormat
import OCI
import Testing

/// Parts of blobs, as clients of a registry ask for them.
@Suite struct BlobPartTests {
    private static func part(_ layer: BundleLayer, _ part: Range<Int64>, _ reader: LayerReader) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try reader.readBlob(layer, part: part) { bytes += $0 }
        return bytes
    }

    private static func reader(_ bundle: BundleFixture) throws -> (BundleManifest, LayerReader) {
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        // Without memory for frames, so that each is read when it is wanted.
        return (manifest, LayerReader(files: files, manifest: manifest, cacheSize: 0, compressedCacheSize: 0))
    }

    @Test func `every part is what the blob has there, the first time and later`() async throws {
        let bundle = try await BundleFixture.everything()
        let (manifest, reader) = try Self.reader(bundle)
        for layer in manifest.layers {
            let blob = try #require(bundle.draft.blobs[layer.digest])
            let size = layer.size
            let parts = [0..<size, 0..<0, 0..<min(1, size), max(0, size - 1)..<size, size / 3..<size / 2, 0..<size]
            for part in parts {
                #expect(try Self.part(layer, part, reader) == Array(blob[Int(part.lowerBound)..<Int(part.upperBound)]))
            }
        }
    }

    @Test func `damage that comes later is found in the frames of the part`() async throws {
        let bundle = try await BundleFixture.everything()
        let (manifest, reader) = try Self.reader(bundle)
        let layers = manifest.layers.filter { $0.stream == $0.digest && $0.size > 0 }
        try #require(!layers.isEmpty)
        for layer in layers { _ = try Self.part(layer, 0..<1, reader) }
        for pack in manifest.packs {
            let path = "\(bundle.path)/blobs/sha256/\(pack.digest.hex)"
            let zeros = [UInt8](repeating: 0, count: try BundleTree.read(path).count)
            try BundleTree.write(zeros, to: path)
        }
        var faults = 0
        for layer in layers {
            do {
                // Of the frame that is still in memory.
                let bytes = try Self.part(layer, 0..<1, reader)
                #expect(bytes == Array(try #require(bundle.draft.blobs[layer.digest]).prefix(1)))
            } catch let error as BundleError {
                #expect(error.code == .damaged)
                faults += 1
            }
        }
        #expect(faults > 0)
    }
}
