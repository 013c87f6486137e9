import Cryptography
import DurableFiles
import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

@testable import BundleFormat

@Suite struct WriterTests {
    /// Writes frames of these sizes, which nothing compresses, and gives the sizes of the packs.
    private static func packs(of sizes: [Int], limit: Int64) throws -> [[Int]] {
        var random = DeterministicRandom(seed: 8)
        var draft = BundleDraft()
        draft.packLimit = limit
        draft.frames = try sizes.map {
            BundleDraft.Frame(compressed: try BundleDraft.compress(random.bytes($0)), size: $0)
        }
        let bundle = try BundleFixture(draft, keys: [.generate(.ed25519)])
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        let index = try files.index(manifest)
        for pack in manifest.packs {
            let bytes = try BundleTree.read(bundle.path + "/" + BundleLayout.blobPath(pack.digest))
            #expect(Int64(bytes.count) == pack.size)
            #expect(SHA256Hasher.digest(of: bytes) == pack.digest)
        }
        return manifest.packs.indices.map { number in index.frames.filter { $0.pack == number }.map(\.size) }
    }

    @Test func aPackIsClosedBeforeItGrowsOverItsLimit() throws {
        #expect(try Self.packs(of: [900, 900, 900, 900], limit: 2000) == [[900, 900], [900, 900]])
        // A frame over the limit has a pack of its own.
        #expect(try Self.packs(of: [100, 5000, 100, 100], limit: 1000) == [[100], [5000], [100, 100]])
        #expect(try Self.packs(of: [], limit: 1000) == [])
    }

    @Test func whatAnEarlierWriterLeftIsGone() async throws {
        let home = try TemporaryDirectory()
        let old = try home.makeDirectory("bundle")
        try BundleTree.makeDirectory(old + "/sig")
        try BundleTree.makeDirectory(old + "/blobs")
        try BundleTree.makeDirectory(old + "/blobs/sha256")
        for name in [
            "STATEMENT", "SHA256SUMS", "manifest.json", "README.txt", "sig/x", "blobs/sha256/x", "blobs/x", ".tmp-1",
        ] {
            try BundleTree.write([1], to: old + "/" + name)
        }
        for name in [[0x0A], [0x61, 0xFF], Array("a\\xff".utf8)] as [[UInt8]] {
            try BundleTree.make(Array("\(old)/".utf8) + name, S_IFREG)
        }
        let key = try PrivateKey.generate(.ed25519)
        let statement = try await Drafts.tiny().write(to: old, keys: [key])
        let trust = try TrustPolicy(keys: [key.publicKey])
        let report = try await Verifier(path: old, trust: trust, depth: .full, jobs: 1).run { _, _ in }
        #expect(report.isComplete)
        #expect(report.statement == statement)
    }

    @Test func aWriterThatStopsLeavesNoBundle() async throws {
        let bundle = try await BundleFixture.tiny()
        do {
            var writer = try BundleWriter(directory: try Directory(opening: bundle.path))
            let frame = try BundleDraft.compress([1, 2, 3])
            try writer.add(frame: frame, digest: SHA256Hasher.digest(of: frame), size: 3, filter: .none)
        }
        await #expect(throws: BundleError(.damaged, "")) { try await bundle.verify() }
        #expect(!BundleTree.isFile(bundle.path + "/STATEMENT"))
        // What was begun has no final name.
        #expect(try BundleTree.files(in: bundle.path).allSatisfy { $0.contains(Directory.temporaryPrefix) })
    }

    @Test func aDocumentWithTwoTypesHasTheFirstInAnyOrder() async throws {
        let bytes = Array("{}".utf8)
        let digest = SHA256Hasher.digest(of: bytes)
        var found: Set<String> = []
        for types in [["a/a", "b/b"], ["b/b", "a/a"]] {
            let home = try TemporaryDirectory()
            var writer = try BundleWriter(directory: try Directory.make(home.path("bundle")))
            for type in types {
                try writer.add(
                    document: bytes, Descriptor(mediaType: MediaType(rawValue: type), digest: digest, size: 2))
            }
            let statement = try writer.finish(try BundleDraft().contents(), keys: [.generate(.ed25519)])
            let manifest = try BundleFiles(path: home.path("bundle")).manifest(statement)
            #expect(manifest.documents.count == 1)
            found.insert(manifest.documents[0].mediaType.rawValue)
        }
        #expect(found == ["a/a"])
    }

    @Test(arguments: [("Demo", 7), ("", 7), ("a/b", 7), ("demo\n", 7), ("demo", 0), ("demo", 1_000_000_000_000)])
    func whatNoReaderWouldAcceptIsNotWritten(_ product: String, _ version: Int64) throws {
        var draft = BundleDraft()
        draft.product = product
        draft.version = version
        #expect(throws: BundleError(.invalid, "")) { try BundleFixture(draft, keys: [.generate(.ed25519)]) }
    }

    /// Nobody has signed what an inventory is made of.
    @Test func sizesBeyondAllBoundsDoNotStopAnInventory() throws {
        var draft = BundleDraft()
        for number in 0..<1100 {
            let digest = SHA256Hasher.digest(of: Array("\(number)".utf8))
            draft.layers[digest] = BundleLayer(
                digest: digest, size: Descriptor.maximumSize, diffID: nil, stream: digest, encoding: .verbatim(nil))
        }
        let bundle = try BundleFixture(draft, keys: [.generate(.ed25519)])
        #expect(try BundleInventory(path: bundle.path).sizes.blobs == 1100 * Descriptor.maximumSize)
        #expect(BundleInventory.sum([.max, 1, .max]) == .max)
    }

    @Test func streamsAreReadInPieces() async throws {
        let bundle = try await BundleFixture.everything()
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        let index = try files.index(manifest)
        for cacheSize in [0, 64 << 20] {
            let reader = FrameReader(files: files, manifest: manifest, index: index, cacheSize: cacheSize)
            var decoder = try FrameDecoder()
            for stream in index.streams {
                var bytes: [UInt8] = []
                try reader.read(stream, decoder: &decoder) { bytes += $0 }
                #expect(bytes == bundle.draft.blobs[stream.digest])
            }
        }
    }

    @Test func aReportSaysWhatItMeansToMachines() async throws {
        let bundle = try await BundleFixture.tiny()
        let good = JSONNode(try await bundle.verify().json)
        #expect(try good.member("result").string() == "ok")
        #expect(try good.member("faults").elements().isEmpty)
        #expect(try good.member("statement").string() == SHA256Hasher.digest(of: bundle.statement.bytes()).hex)
        try BundleTree.write([], to: bundle.path + "/extra")
        let bad = JSONNode(try await bundle.verify().json)
        #expect(try bad.member("result").string() == "damaged")
        let fault = try #require(try bad.member("faults").elements().first)
        #expect(try fault.member("kind").string() == "extra")
        #expect(try fault.member("path").string() == "extra")
    }
}
