import BundleFormat
import Cryptography
import OCI
import TestSupport
import Testing

/// Whatever happens to a bundle that was good, both depths find it, and name it.
@Suite struct DamageTests {
    /// Applies each damage to a fresh copy, on two workers.
    private static func forEach(
        _ damages: [Damage], of bundle: BundleFixture,
        _ body: @escaping @Sendable (_ damage: Damage, _ copy: String) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<2 {
                group.addTask {
                    for number in stride(from: worker, to: damages.count, by: 2) {
                        let home = try TemporaryDirectory()
                        try BundleTree.copy(bundle.path, to: home.path("copy"))
                        try damages[number].apply(home.path("copy"))
                        try await body(damages[number], home.path("copy"))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The faults, or the code of what is thrown instead.
    private static func outcome(
        _ bundle: BundleFixture, _ copy: String, _ depth: Verifier.Depth
    ) async throws -> (faults: [Fault], thrown: BundleError.Code?) {
        do { return (try await bundle.verify(copy, depth).faults, nil) } catch let error as BundleError {
            return ([], error.code)
        }
    }

    private static func expectFound(_ damage: Damage, _ bundle: BundleFixture, _ copy: String) async throws {
        for depth in [Verifier.Depth.quick, .full] {
            let verdict = Damage.verdict(copy, damage.paths)
            let (faults, thrown) = try await outcome(bundle, copy, depth)
            if verdict == 3 {
                #expect(thrown == .notTrusted, "\(damage)")
            } else if damage.paths.contains("STATEMENT") {
                #expect(thrown == .damaged, "\(damage)")
            } else {
                #expect(thrown == nil, "\(damage)")
                #expect(!faults.isEmpty, "\(damage)")
                let named = Set(faults.compactMap(\.path))
                // Only SHA256SUMS knows the digest of README.txt.
                let paths = damage.paths.filter { $0 != "README.txt" || !damage.paths.contains("SHA256SUMS") }
                #expect(named.isSuperset(of: paths), "\(damage): \(faults)")
            }
        }
    }

    @Test func eachFileMayBeHurtInEachWay() async throws {
        let bundle = try await BundleFixture.everything()
        var damages: [Damage] = []
        for file in try BundleTree.files(in: bundle.path) {
            let size = try BundleTree.read(bundle.path + "/" + file).count
            damages += Damage.damages(of: file, size: size)
        }
        try await Self.forEach(damages, of: bundle) { damage, copy in
            try await Self.expectFound(damage, bundle, copy)
        }
    }

    @Test func eachPairOfFilesMayBeSwapped() async throws {
        let bundle = try await BundleFixture.everything()
        let files = try BundleTree.files(in: bundle.path)
        var damages: [Damage] = []
        for (position, one) in files.enumerated() {
            for other in files[(position + 1)...] {
                damages.append(Damage.swap(one, other))
            }
        }
        try await Self.forEach(damages, of: bundle) { damage, copy in
            try await Self.expectFound(damage, bundle, copy)
        }
    }

    @Test func whateverIsAddedIsFound() async throws {
        let bundle = try await BundleFixture.tiny()
        try await Self.forEach(Damage.additions(), of: bundle) { damage, copy in
            try await Self.expectFound(damage, bundle, copy)
        }
    }

    @Test func whatIsAddedIsNamedInASCII() async throws {
        let bundle = try await BundleFixture.tiny()
        try BundleTree.make(Array(bundle.path.utf8) + Array("/blobs/sha256/".utf8) + [0xFF, 0x0A, 0x41], 0o100000)
        let report = try await bundle.verify()
        #expect(report.faults.map(\.kind) == [.extra])
        #expect(report.faults.first?.path == "blobs/sha256/\\xff\\x0aA")
    }

    @Test func aSignatureOfAKeyThatIsNotTrustedIsIgnored() async throws {
        let bundle = try await BundleFixture.tiny()
        for algorithm in ["ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "rsa-pss-sha256"] {
            let name = String(repeating: "a", count: 64) + "." + algorithm
            try BundleTree.write([1, 2, 3], to: bundle.path + "/sig/" + name)
        }
        #expect(try await bundle.verify(nil, .full).isComplete)
    }

    @Test func aBadSignatureBesideEnoughGoodOnesIsAFault() async throws {
        let bundle = try await BundleFixture.everything()
        let trust = try TrustPolicy(keys: bundle.keys.map(\.publicKey))
        let path = "sig/" + bundle.keys[1].publicKey.signatureFileName
        try BundleTree.flip(bundle.path + "/" + path, at: 20)
        for depth in [Verifier.Depth.quick, .full] {
            let report = try await Verifier(path: bundle.path, trust: trust, depth: depth, jobs: 1).run { _, _ in }
            #expect(report.faults.map(\.kind) == [.signature])
            #expect(report.faults.first?.path == path)
            #expect(report.signers == [bundle.keys[0].publicKey.id])
        }
        // An absent one is no fault: the threshold counts.
        try BundleTree.remove(bundle.path + "/" + path)
        let report = try await Verifier(path: bundle.path, trust: trust, depth: .quick, jobs: 1).run { _, _ in }
        #expect(report.isComplete)
    }

    /// Product of two bundles of one maker: only the two themselves are good.
    @Test func partsOfTwoBundlesDoNotMix() async throws {
        let key = try PrivateKey.generate(.ed25519)
        var second = try await Drafts.tiny()
        second.version = 8
        try second.add(try await ImageFactory.small(seed: 9), name: "team/more:1")
        let one = try BundleFixture(try await Drafts.tiny(), keys: [key])
        let two = try BundleFixture(second, keys: [key])
        let parts = ["STATEMENT", "manifest.json", "SHA256SUMS", "sig", "blobs"]
        var good: [Int] = []
        for mix in 0..<32 {
            let home = try TemporaryDirectory()
            let copy = try home.makeDirectory("copy")
            try BundleTree.copy(one.path + "/README.txt", to: copy + "/README.txt")
            for (bit, part) in parts.enumerated() {
                try BundleTree.copy((mix >> bit & 1 == 0 ? one : two).path + "/" + part, to: copy + "/" + part)
            }
            let quick = try await one.verdict(copy, .quick)
            #expect(try await one.verdict(copy, .full) == quick)
            // STATEMENT and signatures belong together: bits 0 and 3.
            #expect(quick == (mix == 0 || mix == 31 ? 0 : mix & 1 == mix >> 3 & 1 ? 4 : 3), "\(mix)")
            if quick == 0 { good.append(mix) }
        }
        #expect(good == [0, 31])
    }

    @Test func allFaultsAreReportedAtOnce() async throws {
        let bundle = try await BundleFixture.everything()
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        func path(_ digest: Digest) -> String { BundleLayout.blobPath(digest) }
        try BundleTree.flip(bundle.path + "/README.txt", at: 5)
        try BundleTree.flip(bundle.path + "/" + path(manifest.documents[0].digest), at: 0)
        try BundleTree.remove(bundle.path + "/" + path(manifest.documents[1].digest))
        try BundleTree.flip(bundle.path + "/" + path(manifest.packs[0].digest), at: 50)
        try BundleTree.remove(bundle.path + "/" + path(manifest.packs[1].digest))
        try BundleTree.flip(bundle.path + "/" + path(manifest.packs[2].digest), at: 60)
        try BundleTree.write([1], to: bundle.path + "/extra")
        for depth in [Verifier.Depth.quick, .full] {
            let faults = try await bundle.verify(nil, depth).faults
            func has(_ kind: Fault.Kind, _ path: String) -> Bool {
                faults.contains { $0.kind == kind && $0.path == path }
            }
            #expect(has(.digest, "README.txt"))
            #expect(has(.digest, path(manifest.documents[0].digest)))
            #expect(has(.missing, path(manifest.documents[1].digest)))
            #expect(has(.frame, path(manifest.packs[0].digest)))
            #expect(has(.missing, path(manifest.packs[1].digest)))
            #expect(has(.frame, path(manifest.packs[2].digest)))
            #expect(has(.extra, "extra"))
        }
        // Without the manifest, the sums still tell which files are damaged.
        try BundleTree.flip(bundle.path + "/manifest.json", at: 30)
        let faults = try await bundle.verify().faults
        let named = Set(faults.compactMap(\.path))
        #expect(
            named == [
                "README.txt", "manifest.json", "extra", path(manifest.documents[0].digest),
                path(manifest.documents[1].digest),
                path(manifest.packs[0].digest), path(manifest.packs[1].digest), path(manifest.packs[2].digest),
            ])
    }
}
