import BundleFormat
import Cryptography
import Deflate
import Gzip
import Testing

/// Bundles of every released version of the format stay readable.
///
/// Provenance: Golden/README.md.
@Suite struct GoldenBundleTests {
    private static let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/") + "/Golden"

    /// The encoders' output is part of the format: the blobs of this bundle come from the programs themselves.
    @Test func everyEncoderStillMakesWhatItMade() async throws {
        let trust = try TrustPolicy.load(paths: [Self.folder + "/gzip"], threshold: 1)
        let path = Self.folder + "/gzip/v1"
        let report = try await Verifier(path: path, trust: trust, depth: .full, jobs: 2).run { _, _ in }
        #expect(report.faults == [])
        let layers = try BundleInventory(path: path).manifest.layers
        let encodings = layers.compactMap { layer -> DeflateEncoding? in
            guard case .gzip(.member(let member)) = layer.encoding else { return nil }
            return member.deflate
        }
        #expect(encodings.count == 89 && layers.count == 89)
        #expect(Set(encodings.map(\.encoder)) == Set(DeflateEncoding.Encoder.allCases))
    }

    @Test func blobsOfSeveralMembersAreStillMade() async throws {
        let trust = try TrustPolicy.load(paths: [Self.folder + "/members"], threshold: 1)
        let path = Self.folder + "/members/v1"
        let report = try await Verifier(path: path, trust: trust, depth: .full, jobs: 2).run { _, _ in }
        #expect(report.faults == [])
        let encodings = try BundleInventory(path: path).manifest.layers.map(\.encoding.name)
        #expect(
            encodings.sorted() == [
                "gzip by go, level 9; 14 members", "gzip by go, level 9; 23 members",
                "gzip by zlib, level 6; gnu-gzip, level 6; 4 members",
                "gzip by zlib, level 9; 63 members",
                "gzip by zlib, level 9; zlib, level 1; zlib, level 6; 3 members",
            ])
    }

    @Test func blobsOfUnknownEncodersStillComeOutOfTheirCorrections() async throws {
        let trust = try TrustPolicy.load(paths: [Self.folder + "/corrected"], threshold: 1)
        let path = Self.folder + "/corrected/v1"
        let report = try await Verifier(path: path, trust: trust, depth: .full, jobs: 2).run { _, _ in }
        #expect(report.faults == [])
        let encodings = try BundleInventory(path: path).manifest.layers.map(\.encoding.name)
        #expect(encodings.count == 40)
        #expect(encodings.count { $0 == "gzip with corrections" } == 37)
    }

    @Test func framesOfMachineCodeComeBackOutOfTheirFilter() async throws {
        let trust = try TrustPolicy.load(paths: [Self.folder + "/x86"], threshold: 1)
        let path = Self.folder + "/x86/v1"
        let report = try await Verifier(path: path, trust: trust, depth: .full, jobs: 2).run { _, _ in }
        #expect(report.faults == [])
        let files = try BundleFiles(path: path)
        let index = try files.index(try files.manifest(try Statement(parsing: try files.statementBytes())))
        #expect(index.frames.map(\.filter) == [.none, .x86])
    }

    @Test(arguments: ["gzip/v1", "members/v1", "corrected/v1", "x86/v1"])
    func everyBlobComesOutOfAReaderOnSeveralThreadsToo(bundle: String) async throws {
        let files = try BundleFiles(path: "\(Self.folder)/\(bundle)")
        let manifest = try files.manifest(try Statement(parsing: try files.statementBytes()))
        let reader = LayerReader(files: files, manifest: manifest)
        for layer in manifest.layers {
            // What is handed over is what was compared with the digest.
            var blob: [UInt8] = []
            try await reader.readBlob(layer, jobs: 3) { blob += $0 }
            #expect(SHA256Hasher.digest(of: blob) == layer.digest && Int64(blob.count) == layer.size)
        }
        let layer = try #require(manifest.layers.first)
        struct Full: Error {}
        await #expect(throws: Full.self) { try await reader.readBlob(layer, jobs: 3) { _ in throw Full() } }
        let wrong = BundleLayer(
            digest: layer.digest, size: layer.size + 1, diffID: layer.diffID, stream: layer.stream,
            encoding: layer.encoding)
        await #expect(throws: BundleError(.damaged, "")) { try await reader.readBlob(wrong, jobs: 3) { _ in } }
    }

    @Test(arguments: ["v1"], [Verifier.Depth.quick, .full])
    func aGoldenBundleIsWhole(version: String, depth: Verifier.Depth) async throws {
        let trust = try TrustPolicy.load(paths: [Self.folder], threshold: 2)
        let verifier = Verifier(path: "\(Self.folder)/\(version)", trust: trust, depth: depth, jobs: 2)
        let report = try await verifier.run { _, _ in }
        #expect(report.faults == [])
        #expect(report.isComplete)
        #expect(report.signers.count == 2)
        #expect(report.imageCount == 2)
        #expect(report.layerCount == 3)
    }
}
