import BundleFormat
import Cryptography
import TestSupport
import Testing

@Suite struct TrustPolicyTests {
    private static let notTrusted = BundleError(.notTrusted, "")

    private static func keys(_ count: Int) throws -> [PublicKey] {
        try (0..<count).map { _ in try PrivateKey.generate(.ed25519).publicKey }
    }

    @Test func noKeysAreNoTrust() {
        #expect(throws: Self.notTrusted) { try TrustPolicy(keys: []) }
        #expect(throws: Self.notTrusted) { try TrustPolicy(keys: [], threshold: 0) }
        #expect(throws: Self.notTrusted) { try TrustPolicy.load(paths: []) }
    }

    @Test(arguments: [0, -1, 3, Int.max, Int.min])
    func aThresholdThatMeansNothingIsRefused(_ threshold: Int) throws {
        let keys = try Self.keys(2)
        #expect(throws: Self.notTrusted) { try TrustPolicy(keys: keys, threshold: threshold) }
    }

    @Test func aKeyThatIsGivenTwiceCountsOnce() throws {
        let key = try Self.keys(1)[0]
        let again = try PublicKey(pem: key.pem)
        #expect(try TrustPolicy(keys: [key, again, key]).keys == [key])
        #expect(throws: Self.notTrusted) { try TrustPolicy(keys: [key, again], threshold: 2) }
    }

    @Test func atMostSixteenKeysAreTried() throws {
        let keys = try Self.keys(17)
        #expect(try TrustPolicy(keys: Array(keys.dropLast()), threshold: 16).keys.count == 16)
        #expect(throws: Self.notTrusted) { try TrustPolicy(keys: keys) }
        #expect(try TrustPolicy(keys: Array(keys.dropLast()) + [keys[0]]).keys.count == 16)
    }

    @Test func keysAreLoadedFromFilesAndDirectories() throws {
        let home = try TemporaryDirectory()
        let keys = try Self.keys(3)
        try home.makeDirectory("keys/below")
        try home.write(keys[0].pem, to: "keys/a.pub")
        try home.write(keys[1].pem, to: "keys/b.pub")
        try home.write("not a key", to: "keys/notes.txt")
        try home.write("not a key", to: "keys/below/c.pub")
        try home.write(keys[2].pem, to: "single")
        #expect(Set(try TrustPolicy.load(paths: [home.path("keys")]).keys) == [keys[0], keys[1]])
        #expect(Set(try TrustPolicy.load(paths: [home.path("keys"), home.path("single")]).keys) == Set(keys))
        #expect(try TrustPolicy.load(paths: [home.path("single"), home.path("single")]).keys == [keys[2]])
    }

    @Test func whatIsNoPublicKeyIsRefused() throws {
        let home = try TemporaryDirectory()
        let key = try PrivateKey.generate(.ed25519)
        try home.makeDirectory("keys")
        try home.makeDirectory("empty")
        try home.write(key.publicKey.pem, to: "keys/good.pub")
        try home.write("garbage", to: "keys/bad.pub")
        try home.write(key.pem, to: "private.pub")
        try home.write([], to: "nothing.pub")
        try home.write(key.publicKey.pem + key.publicKey.pem, to: "two.pub")
        for name in ["keys", "empty", "private.pub", "nothing.pub", "two.pub", "absent.pub", "absent/absent.pub"] {
            #expect(throws: Self.notTrusted) { try TrustPolicy.load(paths: [home.path(name)]) }
        }
        #expect(throws: Self.notTrusted) {
            try TrustPolicy.load(paths: [home.path("keys/good.pub"), home.path("keys/bad.pub")])
        }
    }

    @Test func aForeignKeyDoesNotMakeABundleTrusted() async throws {
        let bundle = try await BundleFixture.tiny()
        let foreign = try PrivateKey.generate(.ed25519).publicKey
        let own = bundle.keys[0].publicKey
        func verify(_ trust: TrustPolicy) async throws -> VerificationReport {
            try await Verifier(path: bundle.path, trust: trust, depth: .quick, jobs: 1).run { _, _ in }
        }
        await #expect(throws: Self.notTrusted) { try await verify(TrustPolicy(keys: [foreign])) }
        #expect(try await verify(TrustPolicy(keys: [foreign, own])).signers == [own.id])
        await #expect(throws: Self.notTrusted) { try await verify(TrustPolicy(keys: [foreign, own], threshold: 2)) }
        // The right signature under the foreign key's name helps nobody.
        let signature = try BundleTree.read("\(bundle.path)/sig/\(own.signatureFileName)")
        try BundleTree.write(signature, to: "\(bundle.path)/sig/\(foreign.signatureFileName)")
        await #expect(throws: Self.notTrusted) { try await verify(TrustPolicy(keys: [foreign])) }
        let report = try await verify(TrustPolicy(keys: [foreign, own]))
        #expect(report.faults.map(\.kind) == [.signature])
        #expect(report.faults.first?.path == "sig/\(foreign.signatureFileName)")
        // Nobody's fault where that key is not trusted.
        #expect(try await verify(TrustPolicy(keys: [own])).isComplete)
    }

    @Test func signaturesOfEveryAlgorithmCount() async throws {
        let keys = try SignatureAlgorithm.allCases.map { try PrivateKey.generate($0) }
        let bundle = try BundleFixture(try await Drafts.tiny(), keys: keys)
        #expect(try await bundle.verify(nil, .full).signers.count == keys.count)
        for key in keys {
            let trust = try TrustPolicy(keys: [key.publicKey])
            let report = try await Verifier(path: bundle.path, trust: trust, depth: .full, jobs: 2).run { _, _ in }
            #expect(report.isComplete)
        }
    }
}
