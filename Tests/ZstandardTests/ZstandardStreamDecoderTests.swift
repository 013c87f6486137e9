import TestSupport
import Testing
import Zstandard

@Suite struct ZstandardStreamDecoderTests {
    private func decode(_ chunks: [ArraySlice<UInt8>]) throws -> [UInt8] {
        var decoder = try ZstandardStreamDecoder()
        var output: [UInt8] = []
        for chunk in chunks {
            try chunk.withUnsafeBytes { try decoder.decode($0) { output += $0 } }
        }
        try decoder.finish()
        return output
    }

    @Test func takesAnySplitOfSeveralFrames() throws {
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 9]
        let stream = try skippable + compress(sample(50)) + compress([]) + skippable + compress(sample(70))
        let expected = sample(50) + sample(70)
        for position in 0...stream.count {
            #expect(try decode([stream[..<position], stream[position...]]) == expected)
        }
        #expect(try decode(stream.indices.map { stream[$0...$0] }) == expected)
    }

    @Test func handsOnMoreThanOneBuffer() throws {
        let bytes = [UInt8](repeating: 3, count: 128 * 1024 * 4)
        let frame = try compress(bytes)
        #expect(try decode([frame[...]]) == bytes)
        #expect(try decode([(frame + frame)[...]]) == bytes + bytes)
    }

    @Test func refusesAStreamThatEndsEarly() throws {
        let frame = try compress(sample(200))
        for length in 0..<frame.count {
            #expect(throws: ZstandardError(.damaged, "")) { _ = try decode([frame[..<length]]) }
            if length > 0 {
                #expect(throws: ZstandardError(.damaged, "")) { _ = try decode([(frame + frame[..<length])[...]]) }
            }
        }
    }

    @Test func refusesOtherBytesAndLargeWindows() throws {
        func frame(_ window: UInt8) -> [UInt8] { [0x28, 0xB5, 0x2F, 0xFD, 0, window, 0x19, 0, 0, 1, 2, 3] }
        #expect(try decode([frame(17 << 3)[...]]) == [1, 2, 3])
        #expect(throws: ZstandardError(.overLimit, "")) { _ = try decode([frame(18 << 3)[...]]) }
        #expect(throws: ZstandardError(.damaged, "")) { _ = try decode([[1, 2, 3, 4, 5, 6, 7, 8]]) }
        #expect(throws: ZstandardError(.damaged, "")) { _ = try decode([(compress([1]) + [0, 0, 0, 0, 0])[...]]) }
    }

    @Test func doesNotBelieveAStreamCompleteAfterItsReaderFailed() throws {
        struct Stop: Error {}
        var decoder = try ZstandardStreamDecoder()
        let frame = try compress([1, 2, 3])
        #expect(throws: Stop.self) { try frame.withUnsafeBytes { try decoder.decode($0) { _ in throw Stop() } } }
        do throws(ZstandardError) {
            try decoder.finish()
            Issue.record("finished after an error")
        } catch {
            #expect(error.code == .damaged)
        }
    }

    @Test(.enabled(if: Toolbox.has("zstd")))
    func readsWhatTheStockProgramWrites() async throws {
        let directory = try TemporaryDirectory()
        let bytes = sample(400_000)
        try directory.write(bytes, to: "in")
        for options in ["-1", "-19 --check", "--long=27", "-T2 -B100000"] {
            #expect(try await directory.shell("cat in | zstd -c \(options) > out.zst"))
            let stream = try directory.read("out.zst")
            let chunks = stride(from: 0, to: stream.count, by: 10_007)
                .map { stream[$0..<min($0 + 10_007, stream.count)] }
            #expect(try decode(chunks) == bytes, "zstd \(options)")
        }
    }
}
