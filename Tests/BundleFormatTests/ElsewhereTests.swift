import BundleFormat
import Cryptography
import OCI
import TestSupport
import Testing

/// Packs that lie on other volumes and in required bundles.
@Suite struct ElsewhereTests {
    private static let required = SHA256Hasher.digest(of: Array("statement of another bundle".utf8))

    /// A good bundle whose packs are declared to lie elsewhere; signed again.
    private static func bundle(_ places: [Int: BundlePack.Place]) async throws -> (BundleFixture, BundleManifest) {
        let bundle = try await BundleFixture.everything()
        let files = try BundleFiles(path: bundle.path)
        let old = try files.manifest(bundle.statement)
        let sums = try files.checksums(bundle.statement)
        let packs = old.packs.enumerated().map { number, pack in
            BundlePack(digest: pack.digest, size: pack.size, place: places[number] ?? .here)
        }
        var requires: [RequiredBundle] = []
        var volumes: Int64?
        var digests = sums.digests
        for pack in packs {
            switch pack.place {
            case .here: break
            case .volume(let number): volumes = max(volumes ?? 2, number)
            case .bundle(let statement):
                requires = [RequiredBundle(product: "base", channel: "stable", version: 1, statement: statement)]
                digests[BundleLayout.blobPath(pack.digest)] = nil
            }
        }
        let manifest = BundleManifest(
            product: old.product, channel: old.channel, version: old.version, created: old.created,
            documents: old.documents, images: old.images, index: old.index, layers: old.layers, packs: packs,
            requires: requires, volumes: volumes)
        let bytes = manifest.bytes()
        digests["manifest.json"] = SHA256Hasher.digest(of: bytes)
        let list = ChecksumList(digests: digests).bytes()
        try BundleTree.write(bytes, to: bundle.path + "/manifest.json")
        try BundleTree.write(list, to: bundle.path + "/SHA256SUMS")
        let statement = Statement(
            product: old.product, channel: old.channel, version: old.version, created: old.created,
            manifest: FileSum(digest: SHA256Hasher.digest(of: bytes), size: Int64(bytes.count)),
            checksums: FileSum(digest: SHA256Hasher.digest(of: list), size: Int64(list.count)))
        try bundle.sign(String(decoding: statement.bytes(), as: UTF8.self))
        return (bundle, manifest)
    }

    private static func path(_ bundle: BundleFixture, _ pack: BundlePack) -> String {
        bundle.path + "/" + BundleLayout.blobPath(pack.digest)
    }

    @Test(arguments: [Verifier.Depth.quick, .full])
    func aPackOnAnotherVolumeOrInARequiredBundleIsNoDamage(_ depth: Verifier.Depth) async throws {
        let places = [0: BundlePack.Place.volume(2), 1: .bundle(Self.required)]
        let (bundle, manifest) = try await Self.bundle(places)
        for number in places.keys { try BundleTree.remove(Self.path(bundle, manifest.packs[number])) }
        let report = try await bundle.verify(nil, depth)
        #expect(report.faults == [])
        #expect(report.elsewhere == places)
        #expect(!report.isComplete)
    }

    @Test(arguments: [Verifier.Depth.quick, .full])
    func aPackThatShouldBeHereIsDamageAllTheSame(_ depth: Verifier.Depth) async throws {
        let (bundle, manifest) = try await Self.bundle([0: .volume(2)])
        try BundleTree.remove(Self.path(bundle, manifest.packs[0]))
        try BundleTree.remove(Self.path(bundle, manifest.packs[1]))
        let report = try await bundle.verify(nil, depth)
        #expect(report.elsewhere == [0: .volume(2)])
        #expect(
            report.faults.contains { $0.kind == .missing && $0.path == BundleLayout.blobPath(manifest.packs[1].digest) }
        )
        #expect(report.faults.allSatisfy { $0.path == BundleLayout.blobPath(manifest.packs[1].digest) })
    }

    @Test(arguments: [Verifier.Depth.quick, .full])
    func aPackOfAVolumeIsCheckedWhereItIs(_ depth: Verifier.Depth) async throws {
        let (bundle, manifest) = try await Self.bundle([0: .volume(2)])
        #expect(try await bundle.verify(nil, depth).isComplete)
        try BundleTree.flip(Self.path(bundle, manifest.packs[0]), at: 40)
        let faults = try await bundle.verify(nil, depth).faults
        #expect(faults.contains { $0.kind == .frame && $0.pack == 0 })
        try BundleTree.remove(Self.path(bundle, manifest.packs[0]))
        try BundleTree.link(Self.path(bundle, manifest.packs[0]), to: "/dev/null")
        #expect(try await bundle.verify(nil, depth).faults.contains { $0.kind == .notAFile })
    }

    /// SHA256SUMS has no line for it, so it is an extra file here.
    @Test func aPackOfARequiredBundleDoesNotBelongHere() async throws {
        let (bundle, manifest) = try await Self.bundle([1: .bundle(Self.required)])
        let report = try await bundle.verify()
        #expect(report.faults.map(\.kind) == [.extra])
        #expect(report.faults.first?.path == BundleLayout.blobPath(manifest.packs[1].digest))
        #expect(report.elsewhere == [1: .bundle(Self.required)])
    }

    @Test func damageBesidePacksElsewhereIsFound() async throws {
        let (bundle, manifest) = try await Self.bundle([0: .volume(2), 1: .volume(3)])
        for number in [0, 1] { try BundleTree.remove(Self.path(bundle, manifest.packs[number])) }
        let other = manifest.packs.count - 1
        try BundleTree.flip(Self.path(bundle, manifest.packs[other]), at: 10)
        for depth in [Verifier.Depth.quick, .full] {
            let report = try await bundle.verify(nil, depth)
            #expect(report.faults.contains { $0.kind == .frame && $0.pack == other })
            #expect(Set(report.elsewhere.keys) == [0, 1])
        }
    }
}
