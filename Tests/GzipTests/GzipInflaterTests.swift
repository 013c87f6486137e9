import Foundation
import TestSupport
import Testing

@testable import Gzip

@Suite struct GzipInflaterTests {
    private struct Inflated: Equatable {
        var bytes: [UInt8] = []
        var members = 0
    }

    private func inflate(_ chunks: [ArraySlice<UInt8>]) throws -> Inflated {
        try InflateLibrary.agreed { library in
            var inflater = GzipInflater(library)
            var result = Inflated()
            for chunk in chunks {
                try chunk.withUnsafeBytes { try inflater.inflate($0) { result.bytes += $0 } }
            }
            try inflater.finish()
            result.members = inflater.membersSeen
            return result
        }
    }

    private func inflate(_ bytes: [UInt8]) throws -> [UInt8] { try inflate([bytes[...]]).bytes }

    @Test(arguments: [0, 4, 8, 16, 31]) func skipsHeaderFields(fields: Int) throws {
        var fixture = GzipFixture(content: [1, 2, 3])
        if fields & 4 != 0 { fixture.extra = fields == 4 ? [] : [9, 0, 9] }
        if fields & 8 != 0 { fixture.name = "a name" }
        if fields & 16 != 0 { fixture.comment = "" }
        fixture.hasChecksum = fields & 2 != 0
        #expect(try inflate(fixture.bytes) == [1, 2, 3])
    }

    @Test func takesAnySplitOfSeveralMembers() throws {
        let stream = GzipFixture.full.bytes + GzipFixture().bytes + GzipFixture(content: [7]).bytes
        let expected = GzipFixture.full.content + [7]
        for position in 0...stream.count {
            let result = try inflate([stream[..<position], stream[position...]])
            #expect(result.bytes == expected)
            #expect(result.members == 3)
        }
        #expect(try inflate(stream.indices.map { stream[$0...$0] }).bytes == expected)
    }

    @Test func tellsATruncatedStreamAtEveryLength() {
        let member = GzipFixture.full.bytes
        for length in 0..<member.count {
            #expect(throws: GzipError(.truncated, "")) { _ = try inflate(Array(member[..<length])) }
            if length > 0 {
                #expect(throws: GzipError(.truncated, "")) { _ = try inflate(member + member[..<length]) }
            }
        }
    }

    @Test func refusesEveryFlippedBitOfAMemberWithHeaderChecksum() {
        let member = GzipFixture.full.bytes
        // The bits after the final stored block's type up to the byte boundary mean nothing.
        let firstOfData = member.count - 8 - GzipFixture.full.content.count - 5
        for position in member.indices {
            for bit in 0..<8 where !(position == firstOfData && bit > 2) {
                var damaged = member
                damaged[position] ^= 1 << bit
                #expect(throws: GzipError.self, "byte \(position), bit \(bit)") { _ = try inflate(damaged) }
            }
        }
    }

    @Test(arguments: [
        (position: 0, value: 0 as UInt8, code: GzipError.Code.damaged), (1, 0, .damaged), (2, 7, .unsupported),
        (3, 0x20, .unsupported), (3, 0x80, .unsupported),
    ])
    func refusesOtherHeaders(position: Int, value: UInt8, code: GzipError.Code) {
        var bytes = GzipFixture(content: [1]).bytes
        bytes[position] = value
        #expect(throws: GzipError(code, "")) { _ = try inflate(bytes) }
    }

    @Test(arguments: [[0], [0, 0, 0], [0x1F, 0], [1]] as [[UInt8]])
    func refusesOtherBytesAfterAMember(trailing: [UInt8]) {
        let bytes = GzipFixture(content: [1]).bytes + trailing
        #expect(throws: GzipError(.trailingBytes, "")) { _ = try inflate(bytes) }
        #expect(throws: GzipError(.trailingBytes, "")) { _ = try inflate(bytes.indices.map { bytes[$0...$0] }) }
    }

    @Test func refusesAWrongChecksumOrLength() {
        let bytes = GzipFixture(content: [1, 2]).bytes
        for position in (bytes.count - 8)..<bytes.count {
            var damaged = bytes
            damaged[position] ^= 1
            #expect(throws: GzipError(.damaged, "")) { _ = try inflate(damaged) }
        }
    }

    @Test(arguments: InflateLibrary.allCases)
    func doesNotBelieveAStreamCompleteAfterItsReaderFailed(library: InflateLibrary) throws {
        struct Stop: Error {}
        var inflater = GzipInflater(library)
        let bytes = GzipFixture(content: [1]).bytes
        #expect(throws: Stop.self) { try bytes.withUnsafeBytes { try inflater.inflate($0) { _ in throw Stop() } } }
        #expect(throws: GzipError(.damaged, "")) { try bytes.withUnsafeBytes { try inflater.inflate($0) { _ in } } }
    }
}

@Suite(.enabled(if: Toolbox.has("gzip"))) struct GzipInteropTests {
    private func inflate(_ bytes: [UInt8], chunk: (Int) -> Int) throws -> [UInt8] {
        try InflateLibrary.agreed { library in
            var inflater = GzipInflater(library)
            var output: [UInt8] = []
            var position = 0
            try bytes.withUnsafeBytes { bytes in
                while position < bytes.count {
                    let end = min(position + chunk(position), bytes.count)
                    try inflater.inflate(UnsafeRawBufferPointer(rebasing: bytes[position..<end])) { output += $0 }
                    position = end
                }
            }
            try inflater.finish()
            return output
        }
    }

    /// Text, a long run, and bytes that do not compress.
    private func sample(_ count: Int) -> [UInt8] {
        var state: UInt64 = 42
        var bytes: [UInt8] = []
        bytes.reserveCapacity(3 * count)
        while bytes.count < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes += Array("line \(state >> 48)\n".utf8)
        }
        bytes += [UInt8](repeating: 0, count: count)
        while bytes.count < 3 * count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            withUnsafeBytes(of: state >> 24) { bytes += $0.prefix(5) }
        }
        return bytes
    }

    @Test(arguments: [1, 6, 9]) func readsWhatTheStockProgramWrites(level: Int) async throws {
        let directory = try TemporaryDirectory()
        let bytes = sample(300_000)
        try directory.write(bytes, to: "file")
        #expect(try await directory.shell("gzip -\(level) file"))
        let stream = try directory.read("file.gz")
        for size in [1, 7, 4096, 100_003, 1 << 20] {
            #expect(try inflate(stream, chunk: { _ in size }) == bytes, "chunks of \(size)")
        }
        #expect(try inflate(stream + stream, chunk: { 1 + $0 * 7919 % 5000 }) == bytes + bytes)
    }

    @Test func takesAnySplitOfASmallStream() async throws {
        let directory = try TemporaryDirectory()
        let bytes = sample(150)
        try directory.write(bytes, to: "a")
        try directory.write([UInt8](), to: "b")
        #expect(try await directory.shell("gzip -9 a b && cat a.gz b.gz a.gz > all.gz"))
        let stream = try directory.read("all.gz")
        for first in 0..<stream.count {
            #expect(try inflate(stream, chunk: { $0 == 0 && first > 0 ? first : stream.count }) == bytes + bytes)
            #expect(try inflate(stream, chunk: { $0 < first ? max(first, 1) : 1 + $0 % 9 }) == bytes + bytes)
        }
    }

    @Test func acceptsNoOtherContentAfterAFlippedBit() async throws {
        let directory = try TemporaryDirectory()
        let bytes = sample(300)
        try directory.write(bytes, to: "a")
        #expect(try await directory.shell("gzip -9 a"))
        let stream = try directory.read("a.gz")
        var accepted = 0
        for position in stream.indices {
            for bit in 0..<8 {
                var damaged = stream
                damaged[position] ^= 1 << bit
                guard let found = try? inflate(damaged, chunk: { _ in 100 }) else { continue }
                accepted += 1
                #expect(found == bytes, "byte \(position), bit \(bit)")
            }
        }
        // Time, extra flags, system and name of the header are covered by no checksum.
        #expect(accepted < 8 * 12)
        for length in 0..<stream.count {
            #expect(throws: GzipError(.truncated, "")) { _ = try inflate(Array(stream[..<length]), chunk: { _ in 50 }) }
        }
    }
}
