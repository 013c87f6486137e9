import BundleFormat
import Cryptography
import OCI
import StrictJSON
import TestSupport
import Testing

/// Bundles that were built wrong and then validly signed: a full verification reports them, a quick one survives them.
@Suite struct WrongBundleTests {
    private static func faults(_ draft: BundleDraft) async throws -> (quick: [Fault], full: [Fault]) {
        let bundle = try BundleFixture(draft, keys: [.generate(.ed25519)])
        return (try await bundle.verify().faults, try await bundle.verify(nil, .full, jobs: 2).faults)
    }

    /// One image of this layer, whose recipe leads to other bytes.
    private static func draft(_ layer: LayerFixture, stored: [UInt8]) throws -> BundleDraft {
        var draft = BundleDraft()
        try draft.add(ImageFixture([layer]), name: "team/wrong:1")
        draft.discardFrames()
        draft.frames = [BundleDraft.Frame(compressed: try BundleDraft.compress(stored), size: stored.count)]
        draft.streams[layer.digest] = FrameIndex.Stream(
            digest: layer.digest, size: Int64(stored.count),
            runs: [.init(frame: 0, offset: 0, length: UInt32(stored.count))])
        return draft
    }

    @Test func aStreamThatComesOutWrongIsFound() async throws {
        let layer = try await LayerFixture([.file("a", "right\n")], compression: .none)
        var wrong = layer.tar
        wrong[600] ^= 1
        let (quick, full) = try await Self.faults(try Self.draft(layer, stored: wrong))
        #expect(quick == [])
        #expect(full.map(\.kind) == [.stream])
        #expect(full.first?.layers == [layer.digest])
        #expect(full.first?.images == ["team/wrong:1"])
    }

    /// The recipe is right, the bytes are the layer's; but the index says that calls were made absolute.
    @Test func aFilterThatWasNotAppliedIsFound() async throws {
        let layer = try await LayerFixture([.file("code", [0x90, 0xE8, 0x10, 0, 0, 0, 0x90])], compression: .none)
        var draft = try Self.draft(layer, stored: layer.tar)
        #expect(try await Self.faults(draft).full == [])
        draft.frames[0].filter = .x86
        let (quick, full) = try await Self.faults(draft)
        #expect(quick == [])
        #expect(full.map(\.kind) == [.stream])
    }

    @Test func aCompressedBlobThatComesOutWrongIsFound() async throws {
        for compression in [LayerFixture.Compression.gzip(level: 6), .zstd(level: 3)] {
            let layer = try await LayerFixture([.file("a", "right\n")], compression: compression)
            for position in [0, 3, layer.blob.count / 2, layer.blob.count - 1] {
                var wrong = layer.blob
                wrong[position] ^= 0x10
                let (quick, full) = try await Self.faults(try Self.draft(layer, stored: wrong))
                #expect(quick == [])
                #expect(full.map(\.kind) == [.stream], "\(compression) \(position)")
            }
        }
    }

    /// The manifest's config and the layer agree on a diffID that the blob does not have.
    @Test(arguments: [LayerFixture.Compression.gzip(level: 6), .gzipMembers(3), .zstd(level: 3)])
    func aWrongDiffIDIsFound(_ compression: LayerFixture.Compression) async throws {
        let layer = try await LayerFixture([.file("a", "right\n")], compression: compression)
        var draft = BundleDraft()
        draft.add(layer)
        let other = DiffID(SHA256Hasher.digest(of: [1, 2, 3]))
        try draft.addImage(layer: layer, diffID: other, name: "team/wrong:1")
        let (quick, full) = try await Self.faults(draft)
        #expect(quick == [])
        #expect(full.map(\.kind) == [.diffID])
        #expect(full.first?.layers == [layer.digest])
        #expect(full.first?.images == ["team/wrong:1"])
    }

    /// Bytes that are signed and stored right, but are not what their encoding says.
    @Test func aBlobThatCannotBeDecompressedIsFound() async throws {
        let gzip = try await LayerFixture([.file("a", "right\n")])
        let zstd = try await LayerFixture([.file("a", "right\n")], compression: .zstd(level: 3))
        let blobs: [([UInt8], LayerCompression)] = [
            ([], .gzip), (Array("not gzip".utf8), .gzip), (Array(gzip.blob.dropLast()), .gzip),
            (gzip.blob + [1], .gzip), (zstd.blob, .gzip), ([], .zstd), (Array(zstd.blob.dropLast()), .zstd),
            (zstd.blob + [1], .zstd), (gzip.blob, .zstd),
        ]
        for (number, (blob, compression)) in blobs.enumerated() {
            var draft = BundleDraft()
            draft.add(blob: blob, diffID: gzip.diffID, encoding: .verbatim(compression))
            try draft.addImage(blob: blob, diffID: gzip.diffID, compression: compression, name: "team/wrong:1")
            let (quick, full) = try await Self.faults(draft)
            #expect(quick == [])
            #expect(full.map(\.kind) == [.diffID], "\(number)")
        }
    }

    @Test func aConfigWithAnotherDiffIDThanTheLayerIsFound() async throws {
        let layer = try await LayerFixture([.file("a", "right\n")])
        var draft = BundleDraft()
        draft.add(layer)
        let other = DiffID(SHA256Hasher.digest(of: [1, 2, 3]))
        try draft.addImage(layer: layer, diffID: other, name: "team/wrong:1", changingLayer: false)
        let (quick, full) = try await Self.faults(draft)
        for faults in [quick, full] {
            #expect(faults.map(\.kind) == [.content])
            #expect(faults.first?.images == ["team/wrong:1"])
        }
    }

    /// Wrong relations between manifest, documents, layers and index: found by both depths.
    @Test(arguments: Relation.allCases)
    func aWrongRelationIsFound(_ relation: Relation) async throws {
        var draft = try await Drafts.everything()
        try relation.apply(&draft)
        let (quick, full) = try await Self.faults(draft)
        #expect(quick.allSatisfy { $0.kind == .content })
        // A stream that is not what it should be also comes out wrong.
        #expect(full.allSatisfy { $0.kind == .content || $0.kind == .stream })
        for faults in [quick, full] {
            #expect(!faults.isEmpty)
            if relation.namesImage { #expect(faults.contains { $0.images.contains("team/one:1") }) }
        }
    }

    enum Relation: String, CaseIterable, Sendable {
        case layerMissing, layerTooMany, layerOfAnotherSize, streamMissing, streamTooMany, streamOfAnotherSize
        case configMissing, rootMissing, manifestMissing, documentTooMany, notAChild, indexAsManifest, wrongMediaType
        case manifestsOutOfOrder

        var namesImage: Bool {
            switch self {
            case .layerMissing, .layerOfAnotherSize, .streamMissing, .configMissing, .rootMissing, .manifestMissing,
                .notAChild,
                .indexAsManifest, .wrongMediaType:
                true
            default: false
            }
        }

        func apply(_ draft: inout BundleDraft) throws {
            let root = draft.images[0].root
            let index = draft.images[2].root
            guard
                case .manifest(let manifest) = try ImageDocument(
                    parsing: try #require(draft.documents[root]).bytes, mediaType: .ociManifest)
            else { return }
            let layer = manifest.layers[0].digest
            let good = try #require(draft.layers[layer])
            func replaceImage(root: Digest, manifests: [Digest]) {
                let old = draft.images[0]
                draft.images[0] = BundleImage(
                    reference: old.reference, root: root, manifests: manifests, names: old.names, groups: old.groups,
                    priority: old.priority, tagPolicy: old.tagPolicy)
            }
            switch self {
            case .layerMissing: draft.layers[layer] = nil
            case .layerTooMany: draft.add(blob: [1, 2, 3], diffID: nil, encoding: .verbatim(nil))
            case .layerOfAnotherSize:
                draft.layers[layer] = BundleLayer(
                    digest: layer, size: good.size + 1, diffID: good.diffID, stream: good.stream,
                    encoding: good.encoding)
            case .streamMissing: draft.streams[layer] = nil
            case .streamTooMany:
                let digest = SHA256Hasher.digest(of: [9])
                draft.streams[digest] = FrameIndex.Stream(
                    digest: digest, size: 1, runs: [.init(frame: 0, offset: 0, length: 1)])
            case .streamOfAnotherSize:
                draft.streams[layer] = FrameIndex.Stream(
                    digest: layer, size: 1, runs: [.init(frame: 0, offset: 0, length: 1)])
            case .configMissing: draft.documents[manifest.config.digest] = nil
            case .rootMissing: draft.documents[root] = nil
            case .manifestMissing:
                replaceImage(root: root, manifests: [root, SHA256Hasher.digest(of: [7])])
            case .documentTooMany:
                let bytes = Array("{}".utf8) + [0x0A]
                draft.add(
                    document: bytes,
                    Descriptor(mediaType: .ociConfig, digest: SHA256Hasher.digest(of: bytes), size: Int64(bytes.count)))
            case .notAChild: replaceImage(root: index, manifests: [root])
            case .indexAsManifest: replaceImage(root: index, manifests: [index])
            case .wrongMediaType:
                let document = try #require(draft.documents[root])
                draft.documents[root] = (
                    document.bytes, Descriptor(mediaType: .dockerManifest, digest: root, size: document.descriptor.size)
                )
            case .manifestsOutOfOrder:
                let old = draft.images[2]
                draft.images[2] = BundleImage(
                    reference: old.reference, root: old.root, manifests: old.manifests + old.manifests,
                    names: old.names,
                    groups: old.groups, priority: old.priority, tagPolicy: old.tagPolicy)
            }
        }
    }

    /// Frames that are signed, but are not what section 6 allows.
    @Test(arguments: BadFrame.allCases)
    func aFrameThatIsNotAllowedIsFound(_ kind: BadFrame) async throws {
        let content = [UInt8](repeating: 0x61, count: 9000)
        var draft = BundleDraft()
        draft.packLimit = 1 << 30
        let digest = SHA256Hasher.digest(of: content)
        draft.frames = [try await kind.frame(content)]
        draft.layers[digest] = BundleLayer(
            digest: digest, size: Int64(content.count), diffID: nil, stream: digest, encoding: .verbatim(nil))
        draft.streams[digest] = FrameIndex.Stream(
            digest: digest, size: Int64(content.count),
            runs: [.init(frame: 0, offset: 0, length: UInt32(content.count))])
        var set = ImageSet()
        let artifact = set.addArtifact(type: "application/x-data", content: content)
        try draft.addArtifact(artifact, of: set, name: "team/wrong:1")
        let (quick, full) = try await Self.faults(draft)
        #expect(quick == [])
        #expect(full.map(\.kind) == [.frame], "\(kind)")
        #expect(full.first?.frame == 0)
        #expect(full.first?.pack == 0)
        #expect(full.first?.images == ["team/wrong:1"])
    }

    enum BadFrame: String, CaseIterable, Sendable {
        case notZstandard, tooLong, tooShort, noContentSize, checksum, twoFrames, trailingByte, skippable,
            skippableAfter
        case cutOff, window, bomb

        func frame(_ content: [UInt8]) async throws -> BundleDraft.Frame {
            let good = try BundleDraft.compress(content)
            func frame(_ bytes: [UInt8], size: Int? = nil) -> BundleDraft.Frame {
                BundleDraft.Frame(compressed: bytes, size: size ?? content.count)
            }
            switch self {
            case .notZstandard: return frame(content)
            case .tooLong: return frame(try BundleDraft.compress(content + [1]))
            case .tooShort: return frame(try BundleDraft.compress(content), size: content.count + 1)
            case .noContentSize:
                return frame(
                    try await Command("zstd", ["-qc", "--no-check", "--no-content-size"], input: content).check().output
                )
            case .checksum:
                let size = "--stream-size=\(content.count)"
                return frame(try await Command("zstd", ["-qc", "--check", size], input: content).check().output)
            case .twoFrames:
                let half = content.count / 2
                return frame(
                    try BundleDraft.compress(Array(content[..<half])) + BundleDraft.compress(Array(content[half...])))
            case .trailingByte: return frame(good + [0])
            case .skippable: return frame([0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])
            case .skippableAfter: return frame(good + [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0])
            case .cutOff: return frame(Array(good.dropLast()))
            case .window:
                // No single segment, a window of 16 MiB, content size of 2 bytes less 256; one raw block.
                let size = content.count - 256
                let header: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x40, 14 << 3, UInt8(size & 0xFF), UInt8(size >> 8)]
                return frame(header + Self.blockHeader(content.count) + content)
            case .bomb:
                // States the right size, but holds 8 MiB of one byte.
                let size = content.count - 256
                var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x60, UInt8(size & 0xFF), UInt8(size >> 8)]
                for number in 0..<64 { bytes += Self.blockHeader(128 << 10, kind: 1, isLast: number == 63) + [0x61] }
                return frame(bytes)
            }
        }

        /// RFC 8878 section 3.1.1.2: kind 0 is raw, 1 is one byte repeated.
        private static func blockHeader(_ size: Int, kind: Int = 0, isLast: Bool = true) -> [UInt8] {
            let header = size << 3 | kind << 1 | (isLast ? 1 : 0)
            return [UInt8(header & 0xFF), UInt8(header >> 8 & 0xFF), UInt8(header >> 16 & 0xFF)]
        }
    }

    /// What the writer cannot write, signed by hand.
    @Test(arguments: ["product", "channel", "version", "created"])
    func aManifestOfAnotherStatementIsFound(_ member: String) async throws {
        let bundle = try await BundleFixture.tiny()
        let text = String(decoding: try BundleTree.read(bundle.path + "/STATEMENT"), as: UTF8.self)
        let changes = [
            "product": ("product: demo", "product: other"), "channel": ("channel: stable", "channel: beta"),
            "version": ("version: 7", "version: 6"), "created": ("created: 2024", "created: 2023"),
        ]
        let (old, new) = try #require(changes[member])
        try bundle.sign(text.replacing(old, with: new))
        for depth in [Verifier.Depth.quick, .full] {
            let faults = try await bundle.verify(nil, depth).faults
            #expect(faults.map(\.path) == ["manifest.json"])
            #expect(faults.map(\.kind) == [.content])
        }
    }

    @Test func aStatementOfALaterVersionIsUnsupported() async throws {
        let bundle = try await BundleFixture.tiny()
        let text = String(decoding: try BundleTree.read(bundle.path + "/STATEMENT"), as: UTF8.self)
        try bundle.sign(text.replacing("statement v1", with: "statement v2"))
        await #expect(throws: BundleError(.unsupported, "")) { try await bundle.verify() }
    }

    @Test func nothingIsWrittenWithoutAKey() async throws {
        #expect(throws: BundleError(.invalid, "")) { try BundleFixture(BundleDraft(), keys: []) }
    }

    @Test func aSignatureFromElsewhereIsCheckedBeforeItIsWritten() async throws {
        let bundle = try await BundleFixture.tiny()
        let before = try BundleTree.fingerprint(bundle.path)
        let other = try PrivateKey.generate(.ecdsaP384)
        let directory = try BundleFiles(path: bundle.path).directory
        let statement = try BundleTree.read(bundle.path + "/STATEMENT")
        for signature in [[], [1, 2, 3], try bundle.keys[0].sign(statement), try other.sign([1])] {
            #expect(throws: BundleError(.notTrusted, "")) {
                try SignatureFile.attach(signature, of: statement, by: other.publicKey, in: directory)
            }
        }
        #expect(try BundleTree.fingerprint(bundle.path) == before)
        let path = try SignatureFile.attach(
            try other.sign(statement), of: statement, by: other.publicKey, in: directory)
        #expect(path == "sig/\(other.publicKey.id.hex).ecdsa-p384-sha384")
        let trust = try TrustPolicy(keys: [other.publicKey, bundle.keys[0].publicKey], threshold: 2)
        #expect(try await Verifier(path: bundle.path, trust: trust, depth: .full, jobs: 1).run { _, _ in }.isComplete)
    }
}
