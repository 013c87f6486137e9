import Cryptography
import Deflate
import OCI
import Testing

@Suite struct ParallelBlocksTests {
    struct Fixture: Sendable, CustomTestStringConvertible {
        let name: String
        let numbers: [Int]
        let digest: String
        var testDescription: String { "\(name) \(numbers)" }
    }

    static let fixtures: [Fixture] = parallelBlocksFixtures.split(separator: "\n").flatMap { line in
        let words = line.split(separator: " ")
        return words[0].split(separator: ",").map {
            Fixture(name: String($0), numbers: words[1...4].compactMap { Int($0) }, digest: String(words[5]))
        }
    }

    @Test("The output is that of pgzip, on any number of threads", arguments: fixtures)
    func equalsReference(_ fixture: Fixture) async throws {
        let variant = try #require(KlauspostEncoderTests.variants[fixture.name])
        let stream = ParallelBlocks(variant, level: fixture.numbers[0], blockSize: fixture.numbers[3])
        let data = Sample.bytes("mix", seed: UInt64(fixture.numbers[1]), count: fixture.numbers[2])
        let jobs = 1 + fixture.numbers[1] % 3
        #expect(
            SHA256Hasher.digest(of: try await encode(data, stream, jobs: jobs, piece: 10_000)).hex == fixture.digest)
    }

    @Test("An error of the input or of the output comes out")
    func errors() async {
        struct Broken: Error {}
        let stream = ParallelBlocks(.klauspost1Dot20, level: 1)
        await #expect(throws: Broken.self) {
            try await stream.encode(jobs: 2, pull: { _ in throw Broken() }, output: { _ in })
        }
        await #expect(throws: Broken.self) {
            try await stream.encode(jobs: 2, pull: { _ in 0 }, output: { _ in throw Broken() })
        }
    }

    private func encode(_ data: [UInt8], _ stream: ParallelBlocks, jobs: Int, piece: Int) async throws -> [UInt8] {
        var out: [UInt8] = []
        var at = 0
        try await stream.encode(jobs: jobs) { buffer in
            let count = min(buffer.count, piece, data.count - at)
            buffer.copyBytes(from: data[at..<at + count])
            at += count
            return count
        } output: {
            out.append(contentsOf: $0)
        }
        return out
    }
}
