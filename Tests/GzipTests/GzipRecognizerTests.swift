import Deflate
import Gzip
import TestSupport
import Testing

@Suite struct GzipRecognizerTests {
    /// A blob in memory.
    struct Blob: RandomAccessBytes {
        let bytes: [UInt8]
        var size: Int64 { Int64(bytes.count) }
        func read(at offset: Int64, count: Int) throws -> [UInt8] { Array(bytes[Int(offset)...].prefix(count)) }
    }

    /// Text that compresses, with noise that does not.
    static func content(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = DeterministicRandom(seed: seed)
        var bytes: [UInt8] = []
        while bytes.count < count {
            let word = random.bytes(Int.random(in: 1...30, using: &random))
            for _ in 0..<Int.random(in: 1...6, using: &random) { bytes += word }
            bytes += Array("the quick brown fox \(bytes.count % 977)\n".utf8)
        }
        return Array(bytes.prefix(count))
    }

    static func encode(_ content: [UInt8], _ encoding: GzipEncoding, piece: Int = 100_000) -> [UInt8] {
        var encoder = GzipEncoder(encoding)
        var blob: [UInt8] = []
        for start in stride(from: 0, to: content.count, by: piece) {
            content[start..<min(start + piece, content.count)].withUnsafeBytes { bytes in
                encoder.append(bytes) { blob += Array($0) }
            }
        }
        encoder.finish { blob += Array($0) }
        return blob
    }

    /// A header as the programs that use an encoder write it.
    static func header(_ deflate: DeflateEncoding) -> [UInt8] {
        let speed: UInt8 = deflate.level == 9 ? 2 : deflate.level == 1 ? 4 : 0
        switch (deflate.encoder, deflate.blockSize) {
        case (.zlib, _): return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, speed, 3]
        case (_, nil): return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, speed, 255]
        default: return [0x1F, 0x8B, 8, 0, 0x00, 0x09, 0x6E, 0x88, speed, 255]
        }
    }

    static let encodings: [DeflateEncoding] = DeflateEncoding.Encoder.allCases.flatMap { encoder in
        encoder.levels.sorted().flatMap { level in
            let block = encoder == .zlib ? 128 << 10 : 1 << 20
            return [DeflateEncoding(encoder, level: level), DeflateEncoding(encoder, level: level, blockSize: block)]
                .compactMap(\.self)
        }
    }

    @Test(arguments: encodings)
    func `what an encoder made is recognized and made again`(deflate: DeflateEncoding) async throws {
        // Larger ones for the common levels: unoptimised encoders are slow.
        let sizes = [0, 1, 200_000] + ([5, 6].contains(deflate.level) ? [2_500_000] : [])
        for size in sizes {
            let content = Self.content(size)
            let encoding = try #require(GzipEncoding(header: Self.header(deflate), deflate: deflate))
            let blob = Self.encode(content, encoding)
            let recognized = try await GzipRecognizer(Blob(bytes: blob)).encoding(
                contentSize: Int64(size), jobs: size % 3 + 1)
            let found = try #require(recognized, "\(size) bytes")
            // Two encodings may make the same bytes; either will do.
            #expect(Self.encode(content, found, piece: 4096) == blob, "\(size) bytes")
        }
    }

    @Test func `a blob that no encoder makes is not recognized`() async throws {
        let content = Self.content(200_000)
        let deflate = try #require(DeflateEncoding(.go, level: 6))
        let encoding = try #require(GzipEncoding(header: Self.header(deflate), deflate: deflate))
        // Stored blocks of an odd size, as the only member, the first and the last.
        let blob = Self.encode(content, encoding)
        let stored = GzipFixture(content: Array(content.prefix(1000))).bytes
        for unknown in [stored, stored + blob, blob + stored] {
            #expect(try await GzipRecognizer(Blob(bytes: unknown)).encoding(contentSize: 201_000) == nil)
        }
    }

    @Test func `a header that is none makes no encoding`() throws {
        let deflate = try #require(DeflateEncoding(.go, level: 6))
        let header = Self.header(deflate)
        #expect(GzipEncoding(header: header, deflate: deflate) != nil)
        #expect(GzipEncoding(header: Array(header.dropLast()), deflate: deflate) == nil)
        #expect(GzipEncoding(header: header + [0], deflate: deflate) == nil)
        #expect(GzipEncoding(header: [], deflate: deflate) == nil)
    }

    @Test func `only levels and blocks that an encoder has are accepted`() {
        #expect(DeflateEncoding(.go, level: 10) == nil)
        #expect(DeflateEncoding(.go, level: -1) == nil)
        #expect(DeflateEncoding(.go, level: 6, blockSize: 1 << 20) == nil)
        #expect(DeflateEncoding(.zlib, level: 0) == nil)
        #expect(DeflateEncoding(.zlib, level: 6, blockSize: (16 << 20) + 1) == nil)
        #expect(DeflateEncoding(.zlib, level: 6, blockSize: 1) == nil)
    }
}
