import BundleFormat
import Cryptography
import OCI
import Synchronization
import TestSupport
import Testing

@Suite struct GoodBundleTests {
    @Test(arguments: [Verifier.Depth.quick, .full])
    func aGoodBundleHasNoFaults(_ depth: Verifier.Depth) async throws {
        let bundle = try await BundleFixture.everything()
        for jobs in [1, 4] {
            let report = try await bundle.verify(nil, depth, jobs: jobs)
            #expect(report.faults == [])
            #expect(report.isComplete)
            #expect(report.imageCount == 5)
            #expect(report.layerCount == bundle.draft.layers.count)
            #expect(Set(report.signers) == Set(bundle.keys.map(\.publicKey.id)))
            #expect(report.statement == bundle.statement)
        }
    }

    @Test func verifyingTouchesNothing() async throws {
        let bundle = try await BundleFixture.everything()
        let before = try BundleTree.fingerprint(bundle.home.path)
        _ = try await bundle.verify()
        _ = try await bundle.verify(nil, .full, jobs: 3)
        #expect(try BundleTree.fingerprint(bundle.home.path) == before)
    }

    @Test func progressAddsUpToTheWhole() async throws {
        let bundle = try await BundleFixture.everything()
        for depth in [Verifier.Depth.quick, .full] {
            let sums = Mutex<(done: Int64, totals: Set<Int64>)>((0, []))
            _ = try await Verifier(path: bundle.path, trust: try bundle.trust(), depth: depth, jobs: 2).run {
                done, total in
                sums.withLock {
                    $0.done += done
                    $0.totals.insert(total)
                }
            }
            sums.withLock { #expect($0.totals == [$0.done]) }
        }
    }

    @Test func whatIsNoBundleIsNotFoundOrDamaged() async throws {
        let bundle = try await BundleFixture.tiny()
        await #expect(throws: BundleError(.notFound, "")) { try await bundle.verify(bundle.home.path("absent")) }
        let empty = try bundle.home.makeDirectory("empty")
        await #expect(throws: BundleError(.damaged, "")) { try await bundle.verify(empty) }
    }
}
