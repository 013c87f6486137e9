import BundleFormat
import Cryptography
import OCI
import StrictJSON
import TestSupport
import Testing

/// Reads a bundle by docs/format.md, with programs and without the code under test.
struct IndependentReader {
    let root: String
    var blobs: [String: [UInt8]] = [:]
    var windowSizes: [Int] = []

    private struct Frame {
        let content: [UInt8]
    }

    init(_ root: String) async throws {
        self.root = root
        let statement = String(decoding: try BundleTree.read(root + "/STATEMENT"), as: UTF8.self).split(separator: "\n")
        #expect(statement.first == "oci-bundle-statement v1")
        for name in ["manifest.json", "SHA256SUMS"] {
            let line = try #require(statement.first { $0.hasPrefix(name + ": ") }).split(separator: " ")
            let bytes = try BundleTree.read(root + "/" + name)
            #expect(String(line[1]) == SHA256Hasher.digest(of: bytes).hex)
            #expect(Int(line[2]) == bytes.count)
        }
        try await Command("sha256sum", ["--check", "--strict", "--quiet", "SHA256SUMS"], workingDirectory: root).check()
        let manifest = try JSONNode(parsing: try BundleTree.read(root + "/manifest.json"))
        let frames = try await self.frames(manifest)
        let streams = try self.streams(manifest, frames)
        for layer in try manifest.member("layers").elements() {
            let stream = try #require(streams[try layer.member("stream").string()])
            #expect(Int64(stream.count) == (try layer.member("size").integer(in: 0...Int64.max)))
            blobs[try layer.member("digest").string()] = stream
            guard let diffID = try layer.optional("diffID")?.string() else { continue }
            let encoding = try layer.member("encoding")
            let tar =
                switch (try encoding.member("type").string(), try encoding.optional("compression")?.string()) {
                case ("identity", nil): stream
                case ("verbatim", "gzip"): try await Command("gzip", ["-dc"], input: stream).check().output
                case ("verbatim", "zstd"): try await Command("zstd", ["-dcq"], input: stream).check().output
                default: [UInt8]()
                }
            #expect("sha256:" + SHA256Hasher.digest(of: tar).hex == diffID)
        }
    }

    private func blob(_ digest: String) throws -> [UInt8] {
        try BundleTree.read(root + "/blobs/sha256/" + digest.dropFirst("sha256:".count))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

    /// The content of every frame, from `zstd -dc` of whole packs.
    private mutating func frames(_ manifest: JSONNode) async throws -> [Frame] {
        let index = try blob(try manifest.member("index").member("digest").string())
        var packs: [(stored: [UInt8], content: [UInt8])] = []
        for pack in try manifest.member("packs").elements() {
            let stored = try blob(try pack.member("digest").string())
            #expect(Int64(stored.count) == (try pack.member("size").integer(in: 1...Int64.max)))
            packs.append((stored, try await Command("zstd", ["-dcq"], input: stored).check().output))
        }
        #expect(Array(index[..<8]) == Array("OCIBIDX1".utf8))
        #expect(Self.number(index[8..<12]) == packs.count)
        var frames: [Frame] = []
        var positions = [(stored: Int, content: Int)](repeating: (0, 0), count: packs.count)
        for number in 0..<Self.number(index[12..<16]) {
            let row = index[(20 + 44 * number)..<(64 + 44 * number)]
            let start = row.startIndex
            let pack = Self.number(row[start..<start + 4])
            let compressedSize = Self.number(row[start + 4..<start + 8])
            let size = Self.number(row[start + 8..<start + 11])
            let filter = row[start + 11]
            let position = positions[pack]
            let compressed = Array(packs[pack].stored[position.stored..<position.stored + compressedSize])
            #expect(SHA256Hasher.digest(of: compressed).bytes == Array(row[(start + 12)...]))
            // RFC 8878: the magic; no checksum, no dictionary.
            #expect(Array(compressed[..<4]) == [0x28, 0xB5, 0x2F, 0xFD])
            #expect(compressed[4] & 0x07 == 0)
            #expect(1...(8 << 20) ~= size)
            var content = Array(packs[pack].content[position.content..<position.content + size])
            #expect(filter <= 1)
            if filter == 1 { Self.undoX86(&content) }
            frames.append(Frame(content: content))
            positions[pack] = (position.stored + compressedSize, position.content + size)
        }
        for (pack, position) in zip(packs, positions) {
            #expect(pack.stored.count == position.stored)
            #expect(pack.content.count == position.content)
        }
        return frames
    }

    /// Section 6.1, as it stands there.
    static func undoX86(_ b: inout [UInt8]) {
        var p = 0
        while p + 8 <= b.count {
            let f: Int
            if b[p] == 0xE8 || b[p] == 0xE9 {
                f = p + 1
            } else if [0x48, 0x4C].contains(b[p]), [0x89, 0x8B, 0x8D, 0x8F].contains(b[p + 1]), b[p + 2] & 0xC7 == 0x05
            {
                f = p + 3
            } else {
                p += 1
                continue
            }
            let unsigned = (0..<4).reduce(0) { $0 + Int(b[f + $1]) << (8 * $1) }
            var v = unsigned >= 1 << 31 ? unsigned - 1 << 32 : unsigned
            p = f + 4
            guard v >= -(1 << 28), v < 1 << 28 else { continue }
            v -= f + 4
            if v < -(1 << 28) { v += 1 << 29 }
            for byte in 0..<4 { b[f + byte] = UInt8(truncatingIfNeeded: v >> (8 * byte)) }
        }
    }

    /// The streams by digest, each compared with it.
    private func streams(_ manifest: JSONNode, _ frames: [Frame]) throws -> [String: [UInt8]] {
        let index = try blob(try manifest.member("index").member("digest").string())
        let streamCount = Self.number(index[16..<20])
        var row = 20 + 44 * frames.count
        var position = row + 48 * streamCount
        func next() -> Int {
            var value = 0
            var shift = 0
            while true {
                let byte = Int(index[position])
                position += 1
                value |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { return value }
            }
        }
        func zigzag(_ value: Int) -> Int { value % 2 == 0 ? value / 2 : -(value + 1) / 2 }
        var streams: [String: [UInt8]] = [:]
        for _ in 0..<streamCount {
            let recipeEnd = position + Self.number(index[row + 44..<row + 48])
            var stream: [UInt8] = []
            var frame = 0
            var ends: [Int: Int] = [:]
            for _ in 0..<Self.number(index[row + 40..<row + 44]) {
                frame += zigzag(next())
                let offset = ends[frame, default: 0] + zigzag(next())
                let end = offset + next()
                stream += frames[frame].content[offset..<end]
                ends[frame] = end
            }
            #expect(position == recipeEnd)
            #expect(stream.count == Self.number(index[row + 32..<row + 40]))
            let digest = SHA256Hasher.digest(of: stream)
            #expect(digest.bytes == Array(index[row..<row + 32]))
            streams[digest.description] = stream
            row += 48
        }
        #expect(position == index.count)
        return streams
    }
}

@Suite(.enabled(if: Toolbox.has("zstd", "gzip", "sha256sum"))) struct IndependentReaderTests {
    @Test func everyBlobComesOutBitForBit() async throws {
        let bundle = try await BundleFixture.everything()
        let reader = try await IndependentReader(bundle.path)
        #expect(reader.blobs.count == bundle.draft.blobs.count)
        for (digest, blob) in bundle.draft.blobs { #expect(reader.blobs[digest.description] == blob) }
    }

    @Test func theFixtureHasWhatTheTestsNeed() async throws {
        let bundle = try await BundleFixture.everything()
        let files = try BundleFiles(path: bundle.path)
        let manifest = try files.manifest(bundle.statement)
        let index = try files.index(manifest)
        #expect(manifest.packs.count >= 3)
        #expect(index.streams.contains { $0.size == 0 })
        #expect(Set(manifest.layers.map(\.encoding)).count == 4)
        let runs = try index.streams.map { try index.runs(of: $0) }
        // Recipes that go back, and segments that two streams share.
        #expect(runs.contains { zip($0, $0.dropFirst()).contains { $0.frame > $1.frame } })
        #expect(index.streams.reduce(0) { $0 + $1.size } > index.frames.reduce(0) { $0 + Int64($1.size) })
    }

    @Test func theInventoryAgreesWithWhatWasPutIn() async throws {
        let bundle = try await BundleFixture.everything()
        let inventory = try BundleInventory(path: bundle.path)
        #expect(inventory.images.map(\.image.reference) == bundle.draft.images.map(\.reference))
        #expect(inventory.sizes.blobs == bundle.draft.blobs.values.reduce(0) { $0 + Int64($1.count) })
        #expect(inventory.sizes.images > inventory.sizes.blobs)
        #expect(inventory.images[2].instances.map(\.platform) == ["linux/amd64"])
        #expect(inventory.images[3].instances.map(\.platform) == [nil])
        let stored = try BundleTree.files(in: bundle.path)
            .filter { !$0.hasPrefix("sig/") && $0 != "STATEMENT" }
            .reduce(0) { $0 + Int64(try BundleTree.read(bundle.path + "/" + $1).count) }
        #expect(inventory.sizes.bundle == stored)
    }

    @Test func theSameContentsGiveTheSameBytes() async throws {
        let draft = try await Drafts.everything()
        let key = try PrivateKey.generate(.ed25519)
        let one = try BundleFixture(draft, keys: [key])
        let two = try BundleFixture(draft, keys: [key])
        #expect(try await Command("diff", ["-r", one.path, two.path]).run().status == .exited(0))
    }
}
