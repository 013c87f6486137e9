import BundleFormat
import Cryptography
import Deflate
import Gzip
import OCI
import TestSupport
import Testing

/// Layers that are stored as tars and as corrections.
@Suite struct CorrectedLayerTests {
    private struct Blob: RandomAccessBytes {
        let bytes: [UInt8]
        var size: Int64 { Int64(bytes.count) }
        func read(at offset: Int64, count: Int) throws -> [UInt8] { Array(bytes[Int(offset)...].prefix(count)) }
    }

    /// A tar, a blob of it, and corrections with which the blob is made.
    private struct Sample {
        let tar: [UInt8]
        let blob: [UInt8]
        var corrections: [UInt8]

        init(level: Int = 6) async throws {
            tar = try await ImageFactory.files(seed: 5, count: 8, size: 9000, compression: .none).tar
            blob = try await Command("gzip", ["-nc\(level)", "--rsyncable"], input: tar).check().output
            var made: [UInt8] = []
            try #require(try CorrectionSearch(Blob(bytes: blob)).make { made += $0 })
            corrections = made
        }
    }

    private static func draft(_ samples: [Sample]) throws -> BundleDraft {
        var draft = BundleDraft()
        for (number, sample) in samples.enumerated() {
            let diffID = DiffID(SHA256Hasher.digest(of: sample.tar))
            draft.add(tar: sample.tar, diffID: diffID, blob: sample.blob, corrections: sample.corrections)
            try draft.addImage(blob: sample.blob, diffID: diffID, compression: .gzip, name: "team/gzip:\(number)")
        }
        return draft
    }

    @Test func `the blob comes back, and its parts are counted`() async throws {
        let samples = [try await Sample(), try await Sample(level: 3)]
        let bundle = try BundleFixture(try Self.draft(samples), keys: [.generate(.ed25519)])
        for depth in [Verifier.Depth.quick, .full] {
            #expect(try await bundle.verify(nil, depth, jobs: 2).faults == [])
        }
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        #expect(try files.index(manifest).streams.count == 3)
        #expect(try BundleManifest(parsing: manifest.bytes()).layers.map(\.encoding) == manifest.layers.map(\.encoding))
        let reader = LayerReader(files: files, manifest: manifest)
        let inventory = try BundleInventory(path: bundle.path)
        for sample in samples {
            let layer = try #require(manifest.layer(SHA256Hasher.digest(of: sample.blob)))
            for jobs in [1, 2] {
                var made: [UInt8] = []
                try await reader.readBlob(layer, jobs: jobs) { made += $0 }
                #expect(made == sample.blob)
            }
            #expect(try reader.streamSize(of: layer) == Int64(sample.tar.count))
            #expect(layer.encoding.name == "gzip with corrections")
        }
        let stored = manifest.layers.map { inventory.storedSize(of: $0) }.reduce(0, +)
        #expect(abs(stored - manifest.packs.map(\.size).reduce(0, +)) <= 2)
    }

    @Test func `wrong corrections are found, and accuse their layer only`() async throws {
        let right = try await Sample()
        let other = try await Sample(level: 9)
        for position in [0, 2, 6, 20, right.corrections.count / 2, right.corrections.count - 5] {
            var wrong = right
            wrong.corrections[position] ^= 1
            let bundle = try BundleFixture(try Self.draft([wrong, other]), keys: [.generate(.ed25519)])
            #expect(try await bundle.verify().faults == [])
            let faults = try await bundle.verify(nil, .full).faults
            #expect(faults.map(\.kind) == [.blob], "byte \(position)")
            #expect(faults.first?.images == ["team/gzip:0"])
        }
        let others: [[UInt8]] = [
            [], other.corrections, right.corrections.dropLast(8), Array(repeating: 255, count: 5000),
        ]
        for wrong in others {
            var sample = right
            sample.corrections = wrong
            let faults = try await BundleFixture(try Self.draft([sample]), keys: [.generate(.ed25519)])
                .verify(nil, .full).faults
            #expect(faults.map(\.kind) == [.blob])
        }
    }

    @Test func `corrections that are not in the index are missed`() async throws {
        let sample = try await Sample()
        var draft = try Self.draft([sample])
        draft.streams[SHA256Hasher.digest(of: sample.corrections)] = nil
        let bundle = try BundleFixture(draft, keys: [.generate(.ed25519)])
        #expect(try await bundle.verify(nil, .quick).faults.map(\.kind) == [.content])
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        let layer = try #require(manifest.layers.first)
        await #expect(throws: BundleError(.damaged, "")) {
            try await LayerReader(files: files, manifest: manifest).readBlob(layer, jobs: 1) { _ in }
        }
    }

    @Test(arguments: [
        (#""type":"gzip-corrected""#, #""type":"gzip-changed""#, BundleError.Code.unsupported),
        (#""corrections":"sha256:"#, #""corrections":"sha512:"#, .damaged),
        (#""corrections":"#, #""correction":"#, .damaged),
        (#""type":"gzip-corrected""#, #""type":"gzip-corrected","x":1"#, .damaged),
    ])
    func `only corrections that the format has are read`(old: String, new: String, code: BundleError.Code) async throws
    {
        let bundle = try BundleFixture(try Self.draft([try await Sample()]), keys: [.generate(.ed25519)])
        let text = String(decoding: try BundleTree.read(bundle.path + "/manifest.json"), as: UTF8.self)
        #expect(text.contains(old))
        let changed = Array(text.replacing(old, with: new).utf8)
        #expect(throws: BundleError(code, "")) { try BundleManifest(parsing: changed) }
    }
}
