import Deflate
import Gzip
import TestSupport
import Testing

/// Blobs of programs whose encoders are not known, and what is stored for them.
@Suite struct CorrectionSearchTests {
    private typealias Blob = GzipRecognizerTests.Blob

    /// Bytes in memory, in pieces.
    private final class Bytes: ByteSource {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        func next() -> [UInt8] {
            defer { rest = rest.dropFirst(777) }
            return Array(rest.prefix(777))
        }
    }

    /// The corrections that are worth their place; nil when there are none.
    private static func corrections(_ blob: [UInt8]) throws -> [UInt8]? {
        let search = CorrectionSearch(Blob(bytes: blob))
        var made: [UInt8] = []
        guard try search.make({ made += $0 }) else { return nil }
        #expect(try search.proves(Bytes(made)))
        return made
    }

    private static func compress(_ content: [UInt8], _ program: String, _ arguments: [String]) async throws -> [UInt8] {
        try await Command(program, arguments, input: content).check().output
    }

    @Test(.enabled(if: Toolbox.has("libdeflate-gzip")), arguments: 1...12)
    func `what libdeflate made needs few corrections`(level: Int) async throws {
        let content = GzipRecognizerTests.content(30_000, seed: 7)
        let blob = try await Self.compress(content, "libdeflate-gzip", ["-c", "-\(level)"])
        let made = try #require(try Self.corrections(blob))
        #expect(made.count * 5 < blob.count, "\(made.count) of \(blob.count) bytes")
    }

    @Test(
        .enabled(if: Toolbox.has("pigz", "gzip")),
        arguments: [
            ("pigz", ["-nc1", "-p1"]), ("pigz", ["-nc2", "-p1"]), ("pigz", ["-nc3", "-p1"]), ("pigz", ["-nc11"]),
            ("gzip", ["-nc", "--rsyncable"]), ("gzip", ["-nc1", "--rsyncable"]), ("gzip", ["-c", "--rsyncable"]),
            ("sh", ["-c", "split -b 9000 --filter 'gzip -nc --rsyncable'"]),
        ])
    func `what others made needs few corrections`(program: String, arguments: [String]) async throws {
        let content = GzipRecognizerTests.content(30_000, seed: 8)
        let blob = try await Self.compress(content, program, arguments)
        let made = try #require(try Self.corrections(blob))
        #expect(made.count * 4 < blob.count, "\(made.count) of \(blob.count) bytes")
    }

    @Test(
        arguments: ["zeros", "noise", "runs", "periods", "ramp"], [1, 258, 259, 32_767, 32_768, 32_769])
    func `inputs at the limits of deflate come back`(shape: String, count: Int) async throws {
        var random = DeterministicRandom(seed: UInt64(count))
        var content: [UInt8] = []
        let period = random.bytes(min(count, 32_768))
        while content.count < count {
            switch shape {
            case "zeros": content.append(0)
            case "noise": content += random.bytes(1000)
            case "runs": content += [UInt8](repeating: random.bytes(1)[0], count: Int(random.next() % 600))
            case "periods": content += period
            default: content.append(UInt8(truncatingIfNeeded: content.count / 258))
            }
        }
        content.removeLast(content.count - count)
        let blobs = [
            try await Self.compress(content, "gzip", ["-nc"]), try await Self.compress(content, "gzip", ["-nc1"]),
            GzipFixture(content: Array(content.prefix(60_000))).bytes,
        ]
        for blob in blobs {
            let search = CorrectionSearch(Blob(bytes: blob))
            var made: [UInt8] = []
            // Small ones are not worth while: then nothing was promised.
            if try search.make({ made += $0 }) {
                #expect(try search.proves(Bytes(made)))
                #expect(made.count * 3 < blob.count)
            } else {
                #expect(blob.count < 500)
            }
        }
    }

    @Test func `nothing is made for a blob that is smaller than its corrections would be`() throws {
        #expect(try Self.corrections(GzipFixture().bytes) == nil)
        #expect(try Self.corrections(GzipFixture(content: [7]).bytes) == nil)
    }

    @Test func `corrections of another blob, and damaged ones, prove nothing`() async throws {
        let content = GzipRecognizerTests.content(40_000, seed: 9)
        let blob = try await Self.compress(content, "gzip", ["-nc", "--rsyncable"])
        let made = try #require(try Self.corrections(blob))
        let search = CorrectionSearch(Blob(bytes: blob))
        var random = DeterministicRandom(seed: 3)
        for _ in 0..<10 {
            var damaged = made
            damaged[Int(random.next() % UInt64(made.count - 4))] ^= 1 << UInt8(random.next() % 8)
            #expect(try !search.proves(Bytes(damaged)))
        }
        #expect(try !search.proves(Bytes([])))
        #expect(try !search.proves(Bytes(Array(made.prefix(made.count / 2)))))
        let other = try await Self.compress(content, "gzip", ["-nc2", "--rsyncable"])
        #expect(try !CorrectionSearch(Blob(bytes: other)).proves(Bytes(made)))
    }
}
