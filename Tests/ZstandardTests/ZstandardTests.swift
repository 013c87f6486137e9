import TestSupport
import Testing
import Zstandard

func compress(_ bytes: [UInt8], level: Int = 3) throws -> [UInt8] {
    var compressor = try ZstandardCompressor(level: level)
    return try bytes.withUnsafeBytes { try compressor.compress($0) }
}

func decompress(_ frame: [UInt8], count: Int) throws -> [UInt8] {
    var decompressor = try ZstandardDecompressor()
    var output = [UInt8](repeating: 0, count: count)
    try frame.withUnsafeBytes { frame in
        try output.withUnsafeMutableBytes { try decompressor.decompress(frame, into: $0) }
    }
    return output
}

/// Text that compresses about as well as programs do.
func sample(_ count: Int) -> [UInt8] {
    var state: UInt64 = 42
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes += Array("line \(state >> 48)\n".utf8)
    }
    return Array(bytes[..<count])
}

@Suite struct ZstandardTests {
    @Test(arguments: ZstandardLibrary.levels)
    func givesBackWhatItCompressed(level: Int) throws {
        var compressor = try ZstandardCompressor(level: level)
        for count in [0, 1, 100, 70_000] {
            let bytes = sample(count)
            let frame = try bytes.withUnsafeBytes { try compressor.compress($0) }
            #expect(try decompress(frame, count: count) == bytes)
        }
    }

    @Test(arguments: [1, 9, 19])
    func givesTheSameFrameWhateverWentBefore(level: Int) throws {
        let (first, second) = (sample(50_000), [UInt8](repeating: 5, count: 300_000))
        var compressor = try ZstandardCompressor(level: level)
        _ = try second.withUnsafeBytes { try compressor.compress($0) }
        let frame = try first.withUnsafeBytes { try compressor.compress($0) }
        #expect(try frame == compress(first, level: level))
    }

    @Test(arguments: [0, 23, -1]) func refusesOtherLevels(level: Int) {
        #expect(throws: ZstandardError(.failed, "")) { _ = try ZstandardCompressor(level: level) }
    }

    @Test(arguments: [9, 19, 20, 22]) func needsNoWindowOver8MiB(level: Int) throws {
        let bytes = [UInt8](repeating: 0, count: 9 << 20)
        let frame = try compress(bytes, level: level)
        #expect(try decompress(frame, count: bytes.count).count == bytes.count)
        // A window descriptor, not a single segment; its exponent is at most 23 - 10.
        #expect(frame[4] & 0x20 == 0)
        #expect(frame[5] >> 3 <= 13)
        // No checksum, no dictionary.
        #expect(frame[4] & 0x07 == 0)
    }

    @Test func refusesAnythingButOneFrameOfTheStatedSize() throws {
        let bytes = sample(1000)
        let frame = try compress(bytes)
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 9]
        let damaged = ZstandardError(.damaged, "")
        #expect(throws: damaged) { _ = try decompress(frame, count: 999) }
        #expect(throws: damaged) { _ = try decompress(frame, count: 1001) }
        #expect(throws: damaged) { _ = try decompress(frame, count: 0) }
        #expect(throws: damaged) { _ = try decompress(frame + [0], count: 1000) }
        #expect(throws: damaged) { _ = try decompress(frame + frame, count: 1000) }
        #expect(throws: damaged) { _ = try decompress(frame + skippable, count: 1000) }
        #expect(throws: damaged) { _ = try decompress(skippable + frame, count: 1000) }
        #expect(throws: damaged) { _ = try decompress(frame + compress([]), count: 1000) }
        #expect(throws: damaged) { _ = try decompress([1, 2, 3, 4, 5, 6], count: 0) }
        for length in 0..<frame.count {
            #expect(throws: damaged) { _ = try decompress(Array(frame[..<length]), count: 1000) }
        }
    }

    @Test func refusesFramesWithoutSizeWithDictionaryOrWithALargeWindow() throws {
        // Magic, then one last raw block of three bytes.
        func frame(_ header: [UInt8]) -> [UInt8] { [0x28, 0xB5, 0x2F, 0xFD] + header + [0x19, 0, 0, 1, 2, 3] }
        #expect(try decompress(frame([0x20, 3]), count: 3) == [1, 2, 3])
        #expect(try decompress(frame([0x80, 13 << 3, 3, 0, 0, 0]), count: 3) == [1, 2, 3])
        #expect(throws: ZstandardError(.overLimit, "")) {
            _ = try decompress(frame([0x80, 13 << 3 | 1, 3, 0, 0, 0]), count: 3)
        }
        #expect(throws: ZstandardError(.damaged, "")) { _ = try decompress(frame([0x00, 0]), count: 3) }
        #expect(throws: ZstandardError(.damaged, "")) { _ = try decompress(frame([0x21, 7, 3]), count: 3) }
        #expect(throws: ZstandardError(.damaged, "")) { _ = try decompress(frame([0x28, 3]), count: 3) }
    }

    @Test func namesItsLibrary() {
        #expect(ZstandardLibrary.version.split(separator: ".").count == 3)
        #expect(ZstandardLibrary.levels.contains(ZstandardLibrary.defaultLevel))
    }

    @Test(.enabled(if: Toolbox.has("zstd")))
    func isReadByTheStockProgram() async throws {
        let directory = try TemporaryDirectory()
        let bytes = sample(300_000)
        try directory.write(bytes, to: "in")
        // Frames one after another, as in a pack.
        try directory.write(compress(Array(bytes[..<100_000])) + compress(Array(bytes[100_000...])), to: "frames.zst")
        #expect(try await directory.shell("zstd -dc frames.zst | cmp - in"))
    }
}
