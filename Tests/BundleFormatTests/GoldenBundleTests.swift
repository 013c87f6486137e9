import BundleFormat
import Testing

/// Bundles of every released version of the format stay readable.
///
/// Provenance: Golden/README.md.
@Suite struct GoldenBundleTests {
    private static let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/") + "/Golden"

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
