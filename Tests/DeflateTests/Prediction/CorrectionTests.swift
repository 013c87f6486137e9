import Testing

@testable import Deflate

/// Corrections of deflate data that no encoder would write: every choice in it is random.
@Suite struct CorrectionTests {
    /// Bytes in pieces of one size.
    private final class Bytes: ByteSource {
        private var rest: ArraySlice<UInt8>
        private let piece: Int

        init(_ bytes: [UInt8], piece: Int) {
            rest = bytes[...]
            self.piece = piece
        }

        func next() -> [UInt8] {
            defer { rest = rest.dropFirst(piece) }
            return Array(rest.prefix(piece))
        }
    }

    /// A gzip blob of several members, and its content.
    private struct Sample {
        var blob: [UInt8] = []
        var content: [UInt8] = []
        private var random: RandomBits

        init(seed: UInt64) {
            random = RandomBits(seed)
            for _ in 0...below(3) { addMember() }
        }

        private mutating func below(_ bound: Int) -> Int { random.below(bound) }

        private mutating func addMember() {
            let start = content.count
            var writer = DeflateBlockWriter()
            let header: [UInt8] = [0x1F, 0x8B, 8, 0] + (0..<6).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            header.withUnsafeBytes { writer.put($0) }
            let count = 1 + below(4)
            for number in 1...count { addBlock(isLast: number == count, from: start, &writer) }
            writer.pad(below(128))
            var trailer = MemberTrailer()
            content[start...].withUnsafeBytes { trailer.update($0) }
            trailer.bytes.withUnsafeBytes { writer.put($0) }
            writer.drain(all: true) { blob += $0 }
        }

        private mutating func addBlock(isLast: Bool, from start: Int, _ writer: inout DeflateBlockWriter) {
            var block = DeflateBlock()
            block.isLast = isLast
            block.kind = DeflateBlock.Kind(rawValue: below(3)) ?? .fixed
            guard block.kind != .stored else {
                block.storedCount = below(4) == 0 ? 0 : below(3000)
                block.padding = below(128)
                writer.start(stored: block)
                for _ in 0..<block.storedCount {
                    content.append(UInt8(below(4)))
                    writer.put(content[content.count - 1])
                }
                return
            }
            for _ in 0..<(below(4) == 0 ? 0 : below(2000)) { block.tokens.append(addToken(from: start)) }
            if block.kind == .described { describe(&block) }
            try? writer.write(block) { blob += $0 }
        }

        private mutating func addToken(from start: Int) -> Token {
            guard content.count > start, below(3) > 0 else {
                content.append(UInt8(below(3)))
                return Token(literal: content[content.count - 1])
            }
            let distance = 1 + below(min(content.count - start, below(2) == 0 ? 50 : 32768))
            let length = 3 + below(below(5) == 0 ? 256 : 12)
            for _ in 0..<length { content.append(content[content.count - distance]) }
            return Token(length: length, distance: distance)
        }

        /// Codes in which every symbol has bits, some more than it deserves, written without any run.
        private mutating func describe(_ block: inout DeflateBlock) {
            var literals = [UInt8](repeating: 9, count: 257 + 29)
            for index in 0..<100 { literals[index] = UInt8(8 + below(2) * 2) }
            block.description.literals = literals.map { min($0 + 1, 11) }
            block.description.distances = [UInt8](repeating: UInt8(5 + below(3)), count: 30)
            block.description.widths = [UInt8](repeating: 5, count: 19)
            block.description.widthCount = 19
            block.description.items = (block.description.literals + block.description.distances).map {
                WidthDescription.Item(symbol: $0)
            }
        }
    }

    private static func headerEnd() -> CorrectionMaker.HeaderEnd {
        var count = 0
        return { _ in
            count += 1
            return count == 10
        }
    }

    private static func corrections(
        _ sample: Sample, _ settings: PredictionSettings, piece: Int = 4096
    ) throws -> [UInt8] {
        var maker = CorrectionMaker(
            settings, blob: Bytes(sample.blob, piece: piece), content: Bytes(sample.content, piece: piece))
        var made: [UInt8] = []
        let isWhole = try maker.run(startHeader: headerEnd) {
            made += $0
            return true
        }
        try #require(isWhole)
        return made
    }

    private static func restore(_ corrections: [UInt8], _ content: [UInt8], piece: Int, limit: Int = .max) throws
        -> [UInt8]
    {
        struct TooLong: Error {}
        var restorer = CorrectionRestorer(Bytes(corrections, piece: piece))
        var blob: [UInt8] = []
        func take(_ bytes: UnsafeRawBufferPointer) throws {
            blob += bytes
            if blob.count > limit { throw TooLong() }
        }
        do {
            for start in stride(from: 0, to: content.count, by: piece) {
                try content[start..<min(start + piece, content.count)].withUnsafeBytes {
                    try restorer.append($0, take)
                }
            }
            try restorer.finish(take)
        } catch is TooLong {}
        return blob
    }

    private static let settings = [
        PredictionSettings(), PredictionSettings(depth: 0, distance: 0),
        PredictionSettings(depth: 10, hashesFour: true),
        PredictionSettings(depth: 2, hashesFour: true, insertLimit: 0), PredictionSettings(depth: 3, insertLimit: 5),
    ]

    @Test(arguments: 0..<30)
    func `whatever the data is, it comes back, however it is cut`(seed: Int) throws {
        let sample = Sample(seed: UInt64(seed))
        let settings = Self.settings[seed % Self.settings.count]
        let corrections = try Self.corrections(sample, settings, piece: [1, 100, 4096][seed % 3])
        for piece in [1 + seed, 1_000_000] {
            #expect(try Self.restore(corrections, sample.content, piece: piece) == sample.blob)
        }
    }

    @Test(arguments: 0..<10)
    func `damaged corrections make another blob, and an end`(seed: Int) throws {
        let sample = Sample(seed: UInt64(seed) + 1000)
        let corrections = try Self.corrections(sample, Self.settings[seed % Self.settings.count])
        var random = RandomBits(UInt64(seed))
        // The last bytes say less than they have room for.
        for _ in 0..<20 {
            var damaged = corrections
            let place = PredictionSettings.size + random.below(corrections.count - 10)
            damaged[min(place, corrections.count - 5)] ^= 1 << UInt8(random.below(8))
            #expect(try Self.restore(damaged, sample.content, piece: 5000, limit: 1 << 20) != sample.blob)
        }
        for count in [0, 1, PredictionSettings.size, corrections.count / 2, corrections.count - 6] {
            let cut = Array(corrections.prefix(count))
            #expect(try Self.restore(cut, sample.content, piece: 5000, limit: 1 << 20) != sample.blob)
        }
        let noise = (0..<2000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        #expect(
            try Self.restore(Self.settings[0].bytes + noise, sample.content, piece: 5000, limit: 1 << 20) != sample.blob
        )
        // Less content than there was.
        let half = Array(sample.content.prefix(sample.content.count / 2))
        let short = try Self.restore(corrections, half, piece: 999)
        #expect(sample.content.isEmpty || short != sample.blob)
    }

    @Test func `settings come back from their bytes, and nothing else does`() {
        for settings in PredictionSettings.trials.flatMap({ $0(PredictionSettings()) }) + Self.settings {
            #expect(PredictionSettings(settings.bytes) == settings)
            #expect(PredictionSettings(settings.bytes + [0]) == nil)
        }
        #expect(PredictionSettings([11, 0, 0, 0, 0, 0]) == nil)
        #expect(PredictionSettings([5, 2, 0, 0, 0, 0]) == nil)
        #expect(PredictionSettings([5, 0, 3, 1, 0, 0]) == nil)
        #expect(PredictionSettings([5, 0, 0, 0, 1, 128]) == nil)
    }
}
