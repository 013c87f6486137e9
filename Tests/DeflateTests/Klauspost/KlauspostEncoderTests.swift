import Cryptography
import Deflate
import OCI
import Testing

@Suite struct KlauspostEncoderTests {
    struct Fixture: Sendable, CustomTestStringConvertible {
        let name: String
        let item: SampleCase
        let digest: String
        var testDescription: String { "\(name) level \(item.level) \(item.shape) \(item.seed)" }
    }

    static let variants: [String: KlauspostEncoder.Variant] = [
        "1.15": .klauspost1Dot15, "1.18": .klauspost1Dot18, "1.20": .klauspost1Dot20, "go": .go1Dot27,
    ]

    static let fixtures: [Fixture] = {
        let lines = klauspostFixtures.split(separator: "\n")
        return stride(from: 0, to: lines.count, by: 2).flatMap { index in
            let words = lines[index].split(separator: " ")
            let numbers = words[3...].compactMap { Int($0) }
            var item = SampleCase(seed: UInt64(numbers[0]), levels: [0])
            item.level = Int(words[1]) ?? 0
            item.shape = String(words[2])
            (item.size, item.dictionary, item.piece, item.flush) = (numbers[1], numbers[2], numbers[3], numbers[4])
            // A long one is for the moving of the tables, which all variants have in common.
            return words[0].split(separator: ",").prefix(item.size > 1_000_000 ? 1 : 4).map {
                Fixture(name: String($0), item: item, digest: String(lines[index + 1]))
            }
        }
    }()

    @Test("The output is that of the reference encoder", arguments: fixtures)
    func equalsReference(_ fixture: Fixture) throws {
        let variant = try #require(Self.variants[fixture.name])
        #expect(SHA256Hasher.digest(of: Self.encode(fixture.item, variant)).hex == fixture.digest)
    }

    @Test("The output does not depend on how the bytes are cut", arguments: -2...9)
    func anyPieces(_ level: Int) {
        var item = SampleCase(seed: 3, levels: [level])
        (item.shape, item.size, item.dictionary, item.flush) = ("mix", 70_000, 20_000, 0)
        item.piece = item.size
        let whole = Self.encode(item, .klauspost1Dot20)
        for piece in [1, 4099, 65_535] {
            item.piece = piece
            #expect(Self.encode(item, .klauspost1Dot20) == whole)
        }
    }

    @Test("A stream without bytes is an empty block with the fixed codes", arguments: -2...9)
    func empty(_ level: Int) {
        var encoder = KlauspostEncoder(.go1Dot27, level: level)
        var out: [UInt8] = []
        encoder.finish { out.append(contentsOf: $0) }
        #expect(out == [0x03, 0x00])
    }

    @Test("A flush ends at a byte's edge with an empty stored block", arguments: -2...9)
    func flush(_ level: Int) {
        var encoder = KlauspostEncoder(.klauspost1Dot15, level: level)
        var out: [UInt8] = []
        Array("flushed".utf8).withUnsafeBytes { encoder.append($0) { out.append(contentsOf: $0) } }
        encoder.flush { out.append(contentsOf: $0) }
        #expect(out.suffix(4) == [0x00, 0x00, 0xFF, 0xFF])
    }

    @Test("An error of the output comes out")
    func outputThrows() {
        struct Full: Error {}
        var encoder = KlauspostEncoder(.klauspost1Dot20, level: 1)
        #expect(throws: Full.self) { try encoder.finish { _ in throw Full() } }
    }

    static func encode(_ item: SampleCase, _ variant: KlauspostEncoder.Variant) -> [UInt8] {
        var out: [UInt8] = []
        item.bytes.withUnsafeBytes { bytes in
            let dictionary = UnsafeRawBufferPointer(rebasing: bytes[..<item.dictionary])
            var encoder = KlauspostEncoder(variant, level: item.level, dictionary: dictionary)
            var rest = bytes[item.dictionary...]
            var unflushed = 0
            while !rest.isEmpty {
                var count = min(item.piece, rest.count)
                if item.flush > 0 { count = min(count, item.flush - unflushed) }
                encoder.append(UnsafeRawBufferPointer(rebasing: rest.prefix(count))) { out.append(contentsOf: $0) }
                rest = rest.dropFirst(count)
                unflushed += count
                guard unflushed == item.flush else { continue }
                encoder.flush { out.append(contentsOf: $0) }
                unflushed = 0
            }
            encoder.finish { out.append(contentsOf: $0) }
        }
        return out
    }
}
