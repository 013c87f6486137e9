import BundleFormat
import OCI
import TestSupport
import Testing

@Suite struct FrameIndexTests {
    private static func digest(_ byte: UInt8) -> Digest { Digest(bytes: [UInt8](repeating: byte, count: 32)) }
    private static let packs = [BundlePack(digest: digest(1), size: 100), BundlePack(digest: digest(2), size: 50)]

    @Test func anIndexIsReadAndWrittenAsTheFormatSays() throws {
        let bytes = IndexBytes().bytes
        #expect(bytes.count == 20 + 3 * 44 + 3 * 48 + 18)
        let index = try FrameIndex(parsing: bytes, packs: Self.packs)
        #expect(
            index.frames == [
                .init(pack: 0, offset: 0, compressedSize: 60, size: 1000, filter: .none, digest: Self.digest(0xF0)),
                .init(pack: 0, offset: 60, compressedSize: 40, size: 500, filter: .x86, digest: Self.digest(0xF1)),
                .init(pack: 1, offset: 0, compressedSize: 50, size: 700, filter: .none, digest: Self.digest(0xF2)),
            ])
        #expect(index.streams.map(\.digest) == [Self.digest(0), Self.digest(0x11), Self.digest(0x22)])
        #expect(index.streams.map(\.size) == [0, 1500, 35])
        #expect(try index.runs(of: index.streams[0]) == [])
        let whole = [FrameIndex.Run(frame: 0, offset: 0, length: 1000), .init(frame: 1, offset: 0, length: 500)]
        #expect(try index.runs(of: index.streams[1]) == whole)
        let pieces = [
            FrameIndex.Run(frame: 2, offset: 100, length: 10), .init(frame: 0, offset: 5, length: 20),
            .init(frame: 2, offset: 50, length: 5),
        ]
        #expect(try index.runs(of: index.streams[2]) == pieces)
        #expect(index.position(of: Self.digest(0x22)) == 2)
        #expect(index.position(of: Self.digest(0x21)) == nil)
        #expect(index.bytes() == bytes)
        let made = FrameIndex(
            frames: index.frames,
            streams: [
                .init(digest: Self.digest(0x22), size: 35, runs: pieces),
                .init(digest: Self.digest(0), size: 0, runs: []),
                .init(digest: Self.digest(0x11), size: 1500, runs: whole),
            ])
        #expect(made.bytes() == bytes)
    }

    @Test func anEmptyIndexIsReadAndWritten() throws {
        let empty = IndexBytes(packCount: 0, frames: [], streams: [])
        #expect(try FrameIndex(parsing: empty.bytes, packs: []).bytes() == empty.bytes)
        #expect(FrameIndex(frames: [], streams: []).bytes() == empty.bytes)
    }

    @Test func anyRunsComeBackAsTheyWere() throws {
        var random = DeterministicRandom(seed: 3)
        for _ in 0..<50 {
            let frames = (0..<20).map {
                FrameIndex.Frame(
                    pack: 0, offset: Int64($0) * 10, compressedSize: 10,
                    size: Int.random(in: 1...(8 << 20), using: &random),
                    filter: $0 % 2 == 0 ? .none : .x86, digest: Self.digest(UInt8($0)))
            }
            var runs: [FrameIndex.Run] = []
            while runs.count < 60 {
                let frame = Int.random(in: 0..<20, using: &random)
                let offset = Int.random(in: 0..<frames[frame].size, using: &random)
                let run = FrameIndex.Run(
                    frame: UInt32(frame), offset: UInt32(offset),
                    length: UInt32.random(in: 1...UInt32(frames[frame].size - offset), using: &random))
                if let last = runs.last, last.frame == run.frame, last.offset + last.length == run.offset { continue }
                runs.append(run)
            }
            let size = runs.reduce(0) { $0 + Int64($1.length) }
            let bytes = FrameIndex(frames: frames, streams: [.init(digest: Self.digest(9), size: size, runs: runs)])
                .bytes()
            let index = try FrameIndex(parsing: bytes, packs: [BundlePack(digest: Self.digest(1), size: 200)])
            #expect(try index.runs(of: index.streams[0]) == runs)
            #expect(index.bytes() == bytes)
        }
    }

    /// One change of a good index that must make it a bad one.
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let apply: @Sendable (inout IndexBytes) -> Void

        init(_ name: String, _ apply: @escaping @Sendable (inout IndexBytes) -> Void) {
            testDescription = name
            self.apply = apply
        }

        /// Another recipe of the second stream.
        static func recipe(_ name: String, _ recipe: [UInt8], runs: UInt32 = 2, size: UInt64 = 1500) -> Change {
            Change(name) {
                $0.streams[1].recipe = recipe
                $0.streams[1].runCount = runs
                $0.streams[1].size = size
            }
        }
    }

    private static let tables: [Change] = [
        Change("trailing byte") { $0.tail = [0] }, Change("trailing recipe") { $0.tail = [0, 0, 1] },
        Change("more packs than the manifest") { $0.packCount = 3 },
        Change("fewer packs than the manifest") { $0.packCount = 1 },
        Change("more frames than bytes") { $0.frameCount = 1000 }, Change("all frames") { $0.frameCount = .max },
        Change("fewer frames") { $0.frameCount = 2 }, Change("more streams than bytes") { $0.streamCount = 1000 },
        Change("all streams") { $0.streamCount = .max },
        Change("all of everything") {
            $0.frameCount = .max; $0.streamCount = .max
        },
        Change("fewer streams") { $0.streamCount = 2 }, Change("no streams but recipes") { $0.streamCount = 0 },
        Change("packs from 1") { for frame in 0..<3 { $0.frames[frame].pack += 1 } },
        Change("a pack left out") { $0.frames[2].pack = 2 },
        Change("a pack that decreases") {
            $0.frames[1].pack = 1; $0.frames[2].pack = 0
        },
        Change("a pack without frames") { $0.frames[2].pack = 0 },
        Change("a pack that is too big a number") { $0.frames[2].pack = .max },
        Change("frames that do not fill pack 0") { $0.frames[1].compressedSize = 39 },
        Change("frames longer than pack 0") { $0.frames[1].compressedSize = 41 },
        Change("frames that do not fill the last pack") { $0.frames[2].compressedSize = 49 },
        Change("frames longer than the last pack") { $0.frames[2].compressedSize = 51 },
        Change("an empty frame") { $0.frames[2].size = 0 },
        Change("a frame over 8 MiB") { $0.frames[2].size = 8 << 20 + 1 },
        Change("a frame without bytes") {
            $0.frames[0].compressedSize = 0; $0.frames[1].compressedSize = 100
        },
        Change("no frames") { $0.frames = [] }, Change("streams not sorted") { $0.streams.swapAt(1, 2) },
        Change("a stream twice") { $0.streams[2].digest = 0x11 },
        Change("a recipe longer than the rest") { $0.streams[2].recipeSize = 11 },
        Change("a recipe shorter than it is") { $0.streams[2].recipeSize = 9 },
        Change("a recipe of all bytes") { $0.streams[2].recipeSize = .max },
        Change("more runs than fit") { $0.streams[1].runCount = 3 },
        Change("all runs") { $0.streams[1].runCount = .max },
        Change("fewer runs") { $0.streams[1].runCount = 1 },
        Change("an empty stream with a run") { $0.streams[0].runCount = 1 },
        Change("an empty stream with a size") { $0.streams[0].size = 1 },
        Change("a stream too long") { $0.streams[1].size = 1501 },
        Change("a stream too short") { $0.streams[1].size = 1499 },
        Change("a stream of all bytes") { $0.streams[1].size = .max },
    ]

    private static let recipes: [Change] = [
        .recipe("a length of 0", [0, 0, 0, 2, 0, 0xF4, 0x03], size: 500),
        .recipe("past its frame", [0, 0, 0xE9, 0x07], runs: 1, size: 1001),
        .recipe("from its frame's end", [0, 0xD0, 0x0F, 1], runs: 1, size: 1),
        .recipe("before its frame", [0, 1, 1], runs: 1, size: 1),
        .recipe("a frame that is not there", [6, 0, 1], runs: 1, size: 1),
        .recipe("a frame before the first", [1, 0, 1], runs: 1, size: 1),
        .recipe("a run that continues", [0, 0, 1, 0, 0, 1], size: 2),
        .recipe("a run over all that continues", [0, 0, 10, 0, 0, 0xDE, 0x07], size: 1000),
        .recipe("frame delta not shortest", [0x80, 0, 0, 1], runs: 1, size: 1),
        .recipe("offset delta not shortest", [0, 0x82, 0, 1], runs: 1, size: 1),
        .recipe("length not shortest", [0, 0, 0x81, 0], runs: 1, size: 1),
        .recipe("length not shortest by far", [0, 0, 0x81, 0x80, 0x80, 0], runs: 1, size: 1),
        .recipe("a number of 11 bytes", [0, 0] + [UInt8](repeating: 0x80, count: 10) + [1], runs: 1, size: 1),
        .recipe("a number over 64 bits", [0, 0] + [UInt8](repeating: 0xFF, count: 9) + [2], runs: 1, size: 1),
        .recipe("the largest length", [0, 0] + [UInt8](repeating: 0xFF, count: 9) + [1], runs: 1, size: 1),
        .recipe("the largest offset", [0] + [UInt8](repeating: 0xFF, count: 9) + [1, 1], runs: 1, size: 1),
        .recipe("the smallest offset", [0, 0xFE] + [UInt8](repeating: 0xFF, count: 8) + [1, 1], runs: 1, size: 1),
        .recipe("the largest frame", [0xFE] + [UInt8](repeating: 0xFF, count: 8) + [1, 0, 1], runs: 1, size: 1),
        .recipe("overflow of the frame", [2, 0, 1, 0xFE] + [UInt8](repeating: 0xFF, count: 8) + [1, 0, 1], size: 2),
        .recipe("a length that wraps 32 bits", [0, 0, 0x81, 0x80, 0x80, 0x80, 0x10], runs: 1, size: 1),
        .recipe("cut off", [0, 0, 0x81], runs: 1, size: 1),
        .recipe("cut off after a number", [0, 0, 1, 2], runs: 1, size: 1),
        .recipe("bytes after the runs", [0, 0, 1, 0, 0, 0], runs: 1, size: 1),
    ]

    @Test(arguments: tables + recipes)
    func whatTheFormatDoesNotAllowIsDamage(_ change: Change) {
        var index = IndexBytes()
        change.apply(&index)
        let bytes = index.bytes
        #expect(throws: BundleError(.damaged, "")) { try FrameIndex(parsing: bytes, packs: Self.packs) }
    }

    @Test(arguments: ["OCIBIDX2", "OCIBIDX0", "ocibidx1", "12345678"])
    func anotherMagicIsOfAnotherVersion(_ magic: String) {
        let bytes = IndexBytes(magic: magic).bytes
        #expect(throws: BundleError(.unsupported, "")) { try FrameIndex(parsing: bytes, packs: Self.packs) }
    }

    @Test(arguments: [2, 3, 0x80, 0xFF] as [UInt8])
    func anotherFilterIsOfAnotherVersion(_ filter: UInt8) {
        var index = IndexBytes()
        index.frames[1].filter = filter
        let bytes = index.bytes
        #expect(throws: BundleError(.unsupported, "")) { try FrameIndex(parsing: bytes, packs: Self.packs) }
    }

    @Test func everyCutIsRefused() {
        let bytes = IndexBytes().bytes
        for count in 0..<bytes.count {
            #expect(throws: BundleError.self) { try FrameIndex(parsing: Array(bytes[..<count]), packs: Self.packs) }
        }
    }

    /// The largest frame that is allowed, and one byte more.
    @Test func aFrameMayBeALittleLargerThanItsContent() throws {
        for extra in [0, 1] {
            let size = 10 + (64 << 10) + extra
            let index = IndexBytes(
                packCount: 1, frames: [.init(pack: 0, compressedSize: UInt32(size), size: 10, digest: 1)], streams: [])
            let packs = [BundlePack(digest: Self.digest(1), size: Int64(size))]
            if extra == 0 {
                #expect(try FrameIndex(parsing: index.bytes, packs: packs).frames.count == 1)
            } else {
                #expect(throws: BundleError(.damaged, "")) { try FrameIndex(parsing: index.bytes, packs: packs) }
            }
        }
        let largest = IndexBytes(
            packCount: 1, frames: [.init(pack: 0, compressedSize: 100, size: 8 << 20, digest: 1)], streams: [])
        #expect(try FrameIndex(parsing: largest.bytes, packs: [Self.packs[0]]).frames[0].size == 8 << 20)
    }

    @Test func randomChangesNeverCrash() {
        var random = DeterministicRandom(seed: 4)
        let good = IndexBytes().bytes
        for _ in 0..<5000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 8..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let index = try? FrameIndex(parsing: bytes, packs: Self.packs) else { continue }
            // What is accepted has one spelling only.
            #expect(index.bytes() == bytes)
        }
    }
}
