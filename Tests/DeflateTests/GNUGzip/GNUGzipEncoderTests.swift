import Cryptography
import Deflate
import OCI
import Testing

@Suite struct GNUGzipEncoderTests {
    struct Fixture: Sendable, CustomTestStringConvertible {
        let item: SampleCase
        let digest: String
        var testDescription: String { "level \(item.level) \(item.shape) \(item.seed) \(item.size)" }
    }

    static let fixtures: [Fixture] = gnuGzipFixtures.split(separator: "\n").map { line in
        let words = line.split(separator: " ")
        let item = sample(
            String(words[1]), seed: UInt64(words[2]) ?? 0, size: Int(words[3]) ?? 0, level: Int(words[0]) ?? 0)
        return Fixture(item: item, digest: String(words[4]))
    }

    @Test("The output is that of gzip", arguments: fixtures)
    func equalsReference(_ fixture: Fixture) {
        #expect(SHA256Hasher.digest(of: Self.encode(fixture.item)).hex == fixture.digest)
    }

    @Test("The output does not depend on how the bytes are cut", arguments: 1...9)
    func anyPieces(_ level: Int) {
        var item = Self.sample("mix", seed: 3, size: 150_000, level: level)
        item.piece = item.size
        let whole = Self.encode(item)
        for piece in [1, 4099, 65_535, 65_536, 65_537] {
            item.piece = piece
            #expect(Self.encode(item) == whole)
        }
    }

    @Test("A stream without bytes is an empty block with the fixed codes", arguments: 1...9)
    func empty(_ level: Int) {
        var encoder = GNUGzipEncoder(level: level)
        var out: [UInt8] = []
        encoder.finish { out.append(contentsOf: $0) }
        #expect(out == [0x03, 0x00])
    }

    @Test("An error of the output comes out")
    func outputThrows() {
        struct Full: Error {}
        var encoder = GNUGzipEncoder(level: 1)
        #expect(throws: Full.self) { try encoder.finish { _ in throw Full() } }
    }

    static func sample(_ shape: String, seed: UInt64, size: Int, level: Int) -> SampleCase {
        var item = SampleCase(seed: seed, levels: [level])
        (item.shape, item.size, item.dictionary, item.flush) = (shape, size, 0, 0)
        return item
    }

    static func encode(_ item: SampleCase) -> [UInt8] {
        var out: [UInt8] = []
        item.bytes.withUnsafeBytes { bytes in
            var encoder = GNUGzipEncoder(level: item.level)
            for at in stride(from: 0, to: bytes.count, by: item.piece) {
                let piece = bytes[at..<min(at + item.piece, bytes.count)]
                encoder.append(UnsafeRawBufferPointer(rebasing: piece)) { out.append(contentsOf: $0) }
            }
            encoder.finish { out.append(contentsOf: $0) }
        }
        return out
    }
}
