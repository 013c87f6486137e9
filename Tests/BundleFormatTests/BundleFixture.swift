import BundleFormat
import Cryptography
import OCI
import TestSupport
import Testing

/// A good bundle in a directory of its own, with the keys that signed it.
struct BundleFixture: Sendable {
    let home: TemporaryDirectory
    let path: String
    let keys: [PrivateKey]
    let draft: BundleDraft
    let statement: Statement

    /// Writes a draft.
    init(_ draft: BundleDraft, keys: [PrivateKey]) throws {
        home = try TemporaryDirectory()
        path = home.path("bundle")
        self.keys = keys
        self.draft = draft
        statement = try draft.write(to: path, keys: keys)
    }

    /// All features: shared layers, each encoding, an index with one platform present, an empty layer, an artifact with
    /// an empty blob, several packs, two signatures.
    static func everything() async throws -> BundleFixture {
        try BundleFixture(try await Drafts.everything(), keys: [.generate(.ed25519), .generate(.ecdsaP256)])
    }

    /// The smallest: one image with one layer, one signature.
    static func tiny(_ algorithm: SignatureAlgorithm = .ed25519) async throws -> BundleFixture {
        try BundleFixture(try await Drafts.tiny(), keys: [.generate(algorithm)])
    }

    /// All keys, all of which must have signed.
    func trust() throws -> TrustPolicy { try TrustPolicy(keys: keys.map(\.publicKey), threshold: keys.count) }

    /// Replaces STATEMENT, and signs what is then there.
    func sign(_ text: String) throws {
        let bytes = Array(text.utf8)
        try BundleTree.write(bytes, to: path + "/STATEMENT")
        for key in keys {
            try BundleTree.write(try key.sign(bytes), to: path + "/sig/" + key.publicKey.signatureFileName)
        }
    }

    /// Verifies this bundle, or a copy of it.
    func verify(
        _ copy: String? = nil, _ depth: Verifier.Depth = .quick, jobs: Int = 1
    ) async throws -> VerificationReport {
        try await Verifier(path: copy ?? path, trust: try trust(), depth: depth, jobs: jobs).run { _, _ in }
    }

    /// What `bundle verify` and `audit.sh` answer with: 0, 3 or 4.
    func verdict(_ copy: String? = nil, _ depth: Verifier.Depth = .quick) async throws -> Int32 {
        do {
            return try await verify(copy, depth).isComplete ? 0 : 4
        } catch let error as BundleError {
            return error.code == .notTrusted ? 3 : 4
        }
    }
}

/// The drafts that several suites use.
enum Drafts {
    static func everything() async throws -> BundleDraft {
        let shared = try await ImageFactory.files(seed: 1, count: 6, size: 1500)
        let plain = try await ImageFactory.files(seed: 2, count: 3, size: 1500, compression: .none)
        let zstd = try await ImageFactory.files(seed: 3, count: 3, size: 1500, compression: .zstd(level: 3))
        let empty = try await LayerFixture([])
        // Shares most segments with `plain`, so that recipes go back to earlier frames.
        let similar = try await LayerFixture(tar: plain.tar.prefix(4200).reversed() + plain.tar, compression: .none)
        let amd64 = ImageFixture([shared, zstd], platform: Platform(os: "linux", architecture: "amd64"))
        let arm64 = ImageFixture([shared], platform: Platform(os: "linux", architecture: "arm64"))

        var set = ImageSet()
        set.add(amd64)
        set.add(arm64)
        let index = set.addIndex([arm64.descriptor, amd64.descriptor], tag: "multi")
        let artifact = set.addArtifact(type: "application/spdx+json", content: Array("{\"spdx\":1}".utf8))
        let hollow = set.addArtifact(type: "application/x-empty", content: [])

        var draft = BundleDraft()
        try draft.add(ImageFixture([shared, plain]), name: "team/one:1")
        try draft.add(ImageFixture([shared, empty, similar], labels: ["two": "2"]), name: "team/two:1")
        draft.add(parts: amd64)
        draft.add(document: try #require(set.blobs[index.digest]), index)
        try draft.declare("team/multi:1", root: index.digest, manifests: [amd64.descriptor.digest], priority: 10)
        for (name, root) in [("team/sbom:1", artifact), ("team/hollow:1", hollow)] {
            try draft.addArtifact(root, of: set, name: name, priority: 20)
        }
        for content in [Array("{\"spdx\":1}".utf8), []] {
            draft.add(blob: content, diffID: nil, encoding: .verbatim(nil))
        }
        try draft.closeFrame()
        return draft
    }

    static func tiny() async throws -> BundleDraft {
        var draft = BundleDraft()
        try draft.add(ImageFixture([try await LayerFixture([.file("a", "tiny\n")])]), name: "team/tiny:1")
        try draft.closeFrame()
        return draft
    }
}
