import BundleFormat
import Cryptography
import Deflate
import Gzip
import OCI
import StrictJSON
import TestSupport
import Testing

/// Layers that are stored as tars, with what makes their gzip blobs.
@Suite struct GzipEncodingTests {
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

    private static func encoding(
        _ encoder: DeflateEncoding.Encoder, level: Int = 6, blockSize: Int? = nil
    ) throws -> GzipEncoding {
        let deflate = try #require(DeflateEncoding(encoder, level: level, blockSize: blockSize))
        return try #require(GzipEncoding(header: header, deflate: deflate))
    }

    private static func member(
        _ encoder: DeflateEncoding.Encoder, level: Int, header: [UInt8] = header
    ) throws -> GzipMember {
        let deflate = try #require(DeflateEncoding(encoder, level: level))
        return try #require(GzipMember(header: header, deflate: deflate))
    }

    private static func blob(_ tar: [UInt8], _ encoding: GzipEncoding) -> [UInt8] {
        var encoder = GzipEncoder(encoding)
        var blob: [UInt8] = []
        tar.withUnsafeBytes { bytes in encoder.append(bytes) { blob += $0 } }
        encoder.finish { blob += $0 }
        return blob
    }

    private static func tar(seed: UInt64 = 4) async throws -> [UInt8] {
        try await ImageFactory.files(seed: seed, count: 8, size: 9000, compression: .none).tar
    }

    /// A bundle of one image with these blobs of one tar, each said to be made by an encoding.
    private static func draft(
        _ tar: [UInt8], _ layers: [(blob: [UInt8], encoding: GzipEncoding)], stored: [UInt8]? = nil
    ) throws -> BundleDraft {
        var draft = BundleDraft()
        let diffID = DiffID(SHA256Hasher.digest(of: tar))
        for (number, layer) in layers.enumerated() {
            draft.add(tar: stored ?? tar, diffID: diffID, blob: layer.blob, encoding: layer.encoding)
            try draft.addImage(blob: layer.blob, diffID: diffID, compression: .gzip, name: "team/gzip:\(number)")
        }
        return draft
    }

    @Test func `blobs come back bit for bit, and share the stream of their tar`() async throws {
        let tar = try await Self.tar()
        let encodings = try DeflateEncoding.Encoder.allCases.flatMap { encoder in
            [try Self.encoding(encoder)] + (encoder.hasBlocks ? [try Self.encoding(encoder, blockSize: 32 << 10)] : [])
        }
        var layers: [(blob: [UInt8], encoding: GzipEncoding)] = []
        for encoding in encodings {
            let blob = Self.blob(tar, encoding)
            if !layers.contains(where: { $0.blob == blob }) { layers.append((blob, encoding)) }
        }
        let bundle = try BundleFixture(try Self.draft(tar, layers), keys: [.generate(.ed25519)])
        for depth in [Verifier.Depth.quick, .full] {
            #expect(try await bundle.verify(nil, depth, jobs: 2).faults == [])
        }
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        let index = try files.index(manifest)
        #expect(index.streams.count == 1)
        #expect(manifest.layers.count == layers.count)
        let reader = FrameReader(files: files, manifest: manifest, index: index)
        var decoder = try FrameDecoder()
        for layer in layers {
            let found = try #require(manifest.layer(SHA256Hasher.digest(of: layer.blob)))
            var bytes: [UInt8] = []
            try reader.readBlob(found, decoder: &decoder) { bytes += $0 }
            #expect(bytes == layer.blob)
            let unpacked = try await Command("gzip", ["-dc"], input: bytes).check().output
            #expect(unpacked == tar)
        }
    }

    @Test func `an encoding that makes another blob is found`() async throws {
        let tar = try await Self.tar()
        let right = try Self.encoding(.go)
        let blob = Self.blob(tar, right)
        var header = Self.header
        header[9] = 3
        let wrong = [
            try Self.encoding(.go, level: 5), try Self.encoding(.go1Dot27), try Self.encoding(.zlib),
            .member(try Self.member(.go, level: 6, header: header)),
        ]
        for encoding in wrong {
            let bundle = try BundleFixture(try Self.draft(tar, [(blob, encoding)]), keys: [.generate(.ed25519)])
            #expect(try await bundle.verify().faults == [])
            let faults = try await bundle.verify(nil, .full).faults
            #expect(faults.map(\.kind) == [.blob], "\(encoding)")
            #expect(faults.first?.layers == [SHA256Hasher.digest(of: blob)])
            #expect(faults.first?.images == ["team/gzip:0"])
        }
    }

    @Test func `a blob of several members comes back, unless one of them or its length is wrong`() async throws {
        let tar = try await Self.tar()
        let go = try Self.member(.go, level: 9)
        let zlib = try Self.member(.zlib, level: 1)
        func encoding(_ first: [Int64], then member: GzipMember? = nil) throws -> GzipEncoding {
            let rest = Int64(tar.count) - first.reduce(0, +)
            let runs = [GzipMembers.Run(go, lengths: first), GzipMembers.Run(member ?? zlib, lengths: [rest, 0])]
            return .members(try #require(GzipMembers(runs: runs)))
        }
        let right = try encoding([512, 9000])
        let blob = Self.blob(tar, right)
        let bundle = try BundleFixture(try Self.draft(tar, [(blob, right)]), keys: [.generate(.ed25519)])
        #expect(try await bundle.verify(nil, .full, jobs: 2).faults == [])
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        #expect(try BundleManifest(parsing: manifest.bytes()).layers.map(\.encoding) == [.gzip(right)])
        let layer = try #require(manifest.layers.first)
        #expect(layer.streamSize == Int64(tar.count))
        for jobs in [1, 2] {
            var made: [UInt8] = []
            try await LayerReader(files: files, manifest: manifest).readBlob(layer, jobs: jobs) { made += $0 }
            #expect(made == blob)
        }
        for wrong in [
            try encoding([512, 9001]), try encoding([9000, 512]),
            try encoding(
                [512, 9000], then: Self.member(.zlib, level: 2)),
        ] {
            let draft = try Self.draft(tar, [(blob, wrong)])
            let faults = try await BundleFixture(draft, keys: [.generate(.ed25519)]).verify(nil, .full).faults
            #expect(faults.map(\.kind) == [.blob])
        }
        // Lengths that are not those of the stream are found without making anything.
        let short = GzipEncoding.members(
            try #require(GzipMembers(runs: [.init(go, lengths: [512, 9000]), .init(zlib, lengths: [1, 0])])))
        let draft = try Self.draft(tar, [(blob, short)])
        let faults = try await BundleFixture(draft, keys: [.generate(.ed25519)]).verify(nil, .quick).faults
        #expect(faults.map(\.kind) == [.content])
    }

    @Test(arguments: [
        (#""lengths":[512,"#, #""lengths":[-1,"#, BundleError.Code.damaged),
        (#""lengths":[512,"#, #""lengths":[512.0,"#, .damaged),
        (#""lengths":[512,9000]"#, #""lengths":[]"#, .damaged),
        (#""lengths":[512,"#, #""lengths":[9000000000000000000,9000000000000000000,"#, .damaged),
        (#""lengths":[512,9000]"#, #""lengths":[512,9000],"type":"gzip""#, .damaged),
        (#""runs":["#, #""encoder":"go","runs":["#, .damaged), (#""runs":["#, #""runs":[{},"#, .damaged),
        (#""encoder":"go""#, #""encoder":"went""#, .unsupported), (#""level":9"#, #""level":-1"#, .damaged),
        (#""type":"gzip-members""#, #""type":"gzip""#, .damaged),
        (#""type":"gzip-members""#, #""type":"gzip-parts""#, .unsupported),
        (#""lengths":[512,9000]"#, #""lengths":[0,0,77]"#, nil),
    ])
    func `only members that the format has are read`(old: String, new: String, code: BundleError.Code?) async throws {
        let tar = try await Self.tar()
        let go = try Self.member(.go, level: 9)
        let members = try #require(GzipMembers(runs: [.init(go, lengths: [512, 9000])]))
        let encoding = GzipEncoding.members(members)
        let draft = try Self.draft(tar, [(Self.blob(tar, encoding), encoding)])
        let bundle = try BundleFixture(draft, keys: [.generate(.ed25519)])
        let text = String(decoding: try BundleTree.read(bundle.path + "/manifest.json"), as: UTF8.self)
        #expect(text.contains(old))
        let changed = Array(text.replacing(old, with: new).utf8)
        if let code {
            #expect(throws: BundleError(code, "")) { try BundleManifest(parsing: changed) }
        } else {
            #expect(try BundleManifest(parsing: changed).bytes() == changed)
        }
    }

    @Test func `one wrong blob does not accuse the others of its tar`() async throws {
        let tar = try await Self.tar()
        let right = Self.blob(tar, try Self.encoding(.go))
        let other = Self.blob(tar, try Self.encoding(.zlib))
        let draft = try Self.draft(tar, [(right, try Self.encoding(.go)), (other, try Self.encoding(.go))])
        let faults = try await BundleFixture(draft, keys: [.generate(.ed25519)]).verify(nil, .full).faults
        #expect(faults.map(\.kind) == [.blob])
        #expect(faults.first?.images == ["team/gzip:1"])
    }

    @Test func `a tar that comes out wrong is reported as such`() async throws {
        let tar = try await Self.tar()
        var wrong = tar
        wrong[700] ^= 1
        let encoding = try Self.encoding(.go)
        let draft = try Self.draft(tar, [(Self.blob(tar, encoding), encoding)], stored: wrong)
        let faults = try await BundleFixture(draft, keys: [.generate(.ed25519)]).verify(nil, .full).faults
        #expect(faults.map(\.kind) == [.stream])
    }

    @Test(arguments: [
        (#""encoder":"go""#, #""encoder":"went""#, BundleError.Code.unsupported),
        (#""level":6"#, #""level":10"#, .damaged), (#""level":6"#, #""level":-1"#, .damaged),
        (#""header":"1f8b"#, #""header":"1F8B"#, .damaged), (#""header":"1f8b"#, #""header":"1f8c"#, .damaged),
        (#""header":"1f"#, #""header":"1"#, .damaged), (#""header":"1f8b"#, #""header":"1f8b00"#, .damaged),
        (#""encoder":"go""#, #""block":65536,"encoder":"go""#, .damaged),
        (#""encoder":"go""#, #""block":65536,"encoder":"zlib""#, nil),
        (#""encoder":"go""#, #""block":1,"encoder":"zlib""#, .damaged),
        (#""encoder":"go""#, #""corrections":[],"encoder":"go""#, .damaged),
    ])
    func `only encodings that the format has are read`(
        old: String, new: String, code: BundleError.Code?
    ) async throws {
        let tar = try await Self.tar()
        let encoding = try Self.encoding(.go)
        let bundle = try BundleFixture(
            try Self.draft(tar, [(Self.blob(tar, encoding), encoding)]), keys: [.generate(.ed25519)])
        let text = String(decoding: try BundleTree.read(bundle.path + "/manifest.json"), as: UTF8.self)
        #expect(text.contains(old))
        let changed = Array(text.replacing(old, with: new).utf8)
        if let code {
            #expect(throws: BundleError(code, "")) { try BundleManifest(parsing: changed) }
        } else {
            #expect(try BundleManifest(parsing: changed).bytes() == changed)
        }
    }
}
