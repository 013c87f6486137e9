import BundleFormat
import TestSupport
import Testing

@testable import BundleBuilder

@Suite struct CuttingTests {
    typealias Input = CutStreams.Input

    private static let limit = BundleLayout.maximumFrameSize

    private static func random(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = DeterministicRandom(seed: seed)
        return random.bytes(count)
    }

    /// A layer with files of many sizes, some of them in every layer.
    private static func layer(seed: UInt64) -> [UInt8] {
        var random = DeterministicRandom(seed: seed)
        var entries: [TarFixture.Entry] = [.directory("d"), .file("d/empty", []), .hardLink("d/h", to: "d/empty")]
        for number in 0..<30 {
            entries.append(.file("d/\(number)", random.bytes(Int.random(in: 1...3000, using: &random))))
        }
        entries.append(.file("d/whole", random.bytes(200_000)))
        entries.append(.file("d/cut", random.text(700_000)))
        entries.append(.file("d/shared", Self.random(400_000, seed: 0)))
        return TarFixture.tar(entries)
    }

    /// What must hold of anything that was cut.
    private func check(_ inputs: [Input], pieces: [Int] = [1 << 20], _ what: Comment? = nil) throws -> CutStreams {
        let cut = try CutStreams(inputs, pieces: pieces)
        #expect(cut.rebuilt == inputs.map(\.bytes), what)
        for frame in cut.frames { #expect(1...Self.limit ~= frame.content.count, what) }
        for runs in cut.recipes {
            for (run, next) in zip(runs, runs.dropFirst()) {
                #expect(run.frame != next.frame || run.offset + run.length != next.offset, "runs that are one")
            }
            for run in runs { #expect(run.length > 0) }
        }
        return cut
    }

    @Test func noStreamsGiveNoFrames() throws { #expect(try check([]).frames.isEmpty) }

    @Test(arguments: [true, false]) func anEmptyStreamHasNoRun(isTar: Bool) throws {
        let cut = try check([Input(bytes: [], isTar: isTar)])
        #expect(cut.recipes == [[]])
        #expect(cut.frames.isEmpty)
    }

    @Test func emptyPiecesLeaveNothing() throws {
        var cutter = StreamCutter()
        cutter.append(opaque: UnsafeRawBufferPointer(start: nil, count: 0))
        cutter.append(tar: UnsafeRawBufferPointer(start: nil, count: 0))
        cutter.closeAll()
        #expect(cutter.takeFullFrames().isEmpty)
    }

    @Test func aTarIsSplitByKind() throws {
        let cut = try check([.tar(TarFixture.tar([.file("a", "first"), .file("b", "second")]))])
        #expect(cut.frames.map(\.kind) == [.metadata, .content])
        #expect(cut.frames[1].content == Array("firstsecond".utf8))
    }

    @Test(arguments: [1, 511, 512, 600_000]) func whatIsNoTarComesBack(count: Int) throws {
        _ = try check([.tar(Self.random(count, seed: 1))])
    }

    @Test func aTarThatIsCutOrDamagedComesBack() throws {
        let layer = Self.layer(seed: 2)
        for length in [100, 513, 5000, 70_001, layer.count - 1] { _ = try check([.tar(Array(layer[..<length]))]) }
        var damaged = layer
        for position in stride(from: 100, to: damaged.count, by: 9973) { damaged[position] ^= 0xFF }
        _ = try check([.tar(damaged)])
        _ = try check([.tar(layer + Self.random(3000, seed: 3) + layer)])
    }

    @Test func anyFeedingGivesTheSameFramesAndRecipes() throws {
        let inputs: [Input] = [
            .tar(Self.layer(seed: 4)), .opaque(Self.random(300_000, seed: 5)), .tar(Self.random(300_000, seed: 6)),
            .tar([]),
            .tar(Self.layer(seed: 7)), .opaque([]), .opaque([1]), .tar(Self.layer(seed: 4)),
        ]
        let whole = try check(inputs)
        for pieces in [[1021], [512], [1, 65_536], [4 << 20], [3, 100_000, 511]] {
            let other = try check(inputs, pieces: pieces, "pieces \(pieces)")
            #expect(other.isSame(as: whole), "pieces \(pieces)")
        }
    }

    @Test func contentsAreStoredOnce() throws {
        let one = try check([.tar(Self.layer(seed: 8))])
        let layers = try check([.tar(Self.layer(seed: 8)), .tar(Self.layer(seed: 9)), .tar(Self.layer(seed: 8))])
        #expect(one.duplicateBytes == 0)
        #expect(layers.duplicateBytes > 2 * 400_000 + 900_000)
        let shared = Self.random(400_000, seed: 0)
        #expect(
            layers.frames.filter { $0.kind == .content }.reduce(0) { $0 + $1.content.count } < 3 * 900_000
                + shared.count)
    }

    @Test func blobsAndHeadersAreNotDeduplicated() throws {
        let blob = Self.random(10_000, seed: 10)
        #expect(try check([.opaque(blob), .opaque(blob)]).duplicateBytes == 0)
        let empty = TarFixture.tar([.directory("d")])
        #expect(try check([.tar(empty), .tar(empty)]).duplicateBytes == 0)
    }

    @Test(arguments: [[1 << 20], [3 << 20], [1 << 30], [777_777]])
    func opaqueStreamsFillFramesToTheirLimit(pieces: [Int]) throws {
        let inputs: [Input] = [.opaque(Self.random(19 << 20, seed: 11)), .opaque(Self.random(6 << 20, seed: 12))]
        let cut = try check(inputs, pieces: pieces)
        #expect(cut.frames.map(\.content.count) == [Self.limit, Self.limit, Self.limit, 1 << 20])
        #expect(cut.frames.allSatisfy { $0.kind == .opaque })
    }

    @Test func aHugeRecordFillsFramesToTheirLimit() throws {
        let record = TarFixture.Entry.file("a", "x").with {
            $0.records = ["comment": String(repeating: "c", count: 17 << 20)]
        }
        let tar = TarFixture.tar([record])
        let cut = try check([.tar(tar)])
        #expect(cut.frames.filter { $0.kind == .metadata }.map(\.content.count).prefix(2) == [Self.limit, Self.limit])
        #expect(try CutStreams([.tar(tar)], pieces: [1 << 30]).isSame(as: cut))
    }

    @Test func largeContentsFillFramesWithoutSplittingASegment() throws {
        let cut = try check([.tar(TarFixture.tar([.file("a", Self.random(18 << 20, seed: 13))]))])
        let contents = cut.frames.filter { $0.kind == .content }
        for frame in contents.dropLast() {
            #expect(frame.content.count > Self.limit - ContentCutter.maximum)
        }
    }

    @Test func aHalfFullFrameIsClosedAtTheEndOfAStream() throws {
        let half = Self.limit / 2
        let tail = Input.opaque(Self.random(5, seed: 15))
        let closed = try check([.opaque(Self.random(half, seed: 14)), tail])
        #expect(closed.frames.map(\.content.count) == [half, 5])
        let kept = try check([.opaque(Self.random(half - 1, seed: 14)), tail])
        #expect(kept.frames.map(\.content.count) == [half + 4])
    }

    @Test func framesAreNumberedInTheOrderOfThePacks() throws {
        // The metadata frame is opened first and closed last, so numbers of opening and of closing differ.
        let inputs: [Input] = [
            .tar(TarFixture.tar([.file("a", Self.random(18 << 20, seed: 16))])), .opaque([1, 2, 3]),
        ]
        let cut = try check(inputs)
        #expect(cut.frames.first?.kind == .content)
        #expect(cut.recipes[0].first.map { cut.frames[Int($0.frame)].kind } == .metadata)
    }

    @Test func twiceTheSameGivesTheSame() throws {
        let inputs: [Input] = [
            .tar(Self.layer(seed: 17)), .opaque(Self.random(9 << 20, seed: 18)), .tar(Self.layer(seed: 19)),
        ]
        #expect(try CutStreams(inputs).isSame(as: CutStreams(inputs)))
    }

    @Test(arguments: UInt64(100)..<110) func randomSequencesComeBack(seed: UInt64) throws {
        var random = DeterministicRandom(seed: seed)
        var inputs: [Input] = []
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let pick = random.next()
            switch pick % 5 {
            case 0: inputs.append(.opaque(random.bytes(Int.random(in: 0...400_000, using: &random))))
            case 1: inputs.append(.tar(random.bytes(Int.random(in: 0...400_000, using: &random))))
            case 2:
                inputs.append(
                    .tar(Array(Self.layer(seed: pick % 3).prefix(Int.random(in: 0...900_000, using: &random)))))
            default: inputs.append(.tar(Self.layer(seed: pick % 3)))
            }
        }
        let pieces = (0..<3).map { _ in Int.random(in: 1000...300_000, using: &random) }
        let cut = try check(inputs, pieces: pieces)
        #expect(try CutStreams(inputs).isSame(as: cut))
    }
}
