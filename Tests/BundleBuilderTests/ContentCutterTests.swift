import TestSupport
import Testing

@testable import BundleBuilder

@Suite struct ContentCutterTests {
    private func cut(_ bytes: [UInt8], size: Int64 = .max, pieces: [Int] = [Int.max]) -> [[UInt8]] {
        var cutter = ContentCutter()
        var segments: [[UInt8]] = []
        cutter.start(size: size)
        var position = 0
        var turn = 0
        bytes.withUnsafeBytes { all in
            while position < all.count {
                let count = min(pieces[turn % pieces.count], all.count - position)
                cutter.append(UnsafeRawBufferPointer(rebasing: all[position..<position + count])) {
                    segments.append($0)
                }
                position += count
                turn += 1
            }
        }
        cutter.finish { segments.append($0) }
        return segments
    }

    private func random(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = DeterministicRandom(seed: seed)
        return random.bytes(count)
    }

    @Test(arguments: [UInt64(1), 2]) func segmentsOfRandomBytesKeepTheirLimitsAndAverage(seed: UInt64) {
        let bytes = random(12 << 20, seed: seed)
        let segments = cut(bytes)
        #expect(segments.flatMap(\.self) == bytes)
        for segment in segments.dropLast() {
            #expect(ContentCutter.minimum...ContentCutter.maximum ~= segment.count)
        }
        let average = bytes.count / segments.count
        #expect(52 << 10...88 << 10 ~= average, "average \(average)")
    }

    @Test func segmentsOfTextKeepTheirLimits() {
        var random = DeterministicRandom(seed: 5)
        let bytes = random.text(4 << 20)
        let segments = cut(bytes)
        #expect(segments.flatMap(\.self) == bytes)
        for segment in segments.dropLast() { #expect(ContentCutter.minimum...ContentCutter.maximum ~= segment.count) }
    }

    @Test(arguments: [UInt8(0), 0x20, 0xFF]) func oneByteOverAndOverIsCutInEqualSegments(byte: UInt8) {
        let segments = cut([UInt8](repeating: byte, count: 1 << 20))
        #expect(Set(segments.dropLast().map(\.count)).count == 1)
        for segment in segments.dropLast() { #expect(ContentCutter.minimum...ContentCutter.maximum ~= segment.count) }
    }

    @Test(arguments: [
        [1], [2, 3, 5, 7], [4096], [16 << 10], [(16 << 10) - 1], [(16 << 10) + 1], [64 << 10], [(256 << 10) + 1],
        [1, 1 << 20], [100, 300_000],
    ]) func anyFeedingGivesTheSameCuts(pieces: [Int]) {
        let bytes = random(1 << 20, seed: 3)
        #expect(cut(bytes, pieces: pieces) == cut(bytes))
    }

    @Test func anInsertionMovesFewCuts() {
        let bytes = random(6 << 20, seed: 4)
        let before = cut(bytes)
        for position in [0, 1_000_000, 3_000_000, 6_000_000] {
            for count in [1, 1000] {
                var changed = bytes
                changed.insert(contentsOf: random(count, seed: UInt64(position)), at: position)
                let new = Set(cut(changed)).subtracting(before)
                #expect(
                    new.count <= 8, "\(count) bytes at \(position) made \(new.count) of \(before.count) segments new")
            }
        }
    }

    @Test(arguments: [1, 16 << 10, 100_000, (256 << 10) - 1, 256 << 10]) func aFileThatFitsASegmentStaysWhole(size: Int)
    {
        let bytes = random(size, seed: 6)
        #expect(cut(bytes, size: Int64(size)) == [bytes])
        #expect(cut(bytes, size: Int64(size), pieces: [777]) == [bytes])
    }

    @Test func aFileOfOneByteMoreIsCut() {
        let size = (256 << 10) + 1
        #expect(cut(random(size, seed: 6), size: Int64(size)).count > 1)
    }

    @Test func aFileThatIsLongerThanItSaidIsCutAtTheLimit() {
        let segments = cut(random(700_000, seed: 7), size: 5)
        #expect(segments.map(\.count) == [256 << 10, 256 << 10, 700_000 - (512 << 10)])
    }

    @Test func nothingGivesNoSegment() { #expect(cut([]).isEmpty) }

    @Test func theNextFileIsCutAsIfItWereTheFirst() {
        let bytes = random(600_000, seed: 8)
        var cutter = ContentCutter()
        var segments: [[UInt8]] = []
        for _ in 0..<2 {
            cutter.start(size: Int64(bytes.count))
            bytes.withUnsafeBytes { cutter.append($0) { segments.append($0) } }
            cutter.finish { segments.append($0) }
        }
        #expect(segments == cut(bytes) + cut(bytes))
    }
}
