import Deflate
import Gzip
import TestSupport
import Testing

/// Blobs of several gzip members.
@Suite struct GzipMembersTests {
    private typealias Fixture = GzipRecognizerTests

    private static func member(
        _ encoder: DeflateEncoding.Encoder, level: Int = 6, header: [UInt8]? = nil
    ) throws -> GzipMember {
        let deflate = try #require(DeflateEncoding(encoder, level: level))
        return try #require(GzipMember(header: header ?? Fixture.header(deflate), deflate: deflate))
    }

    /// The members one by one, each by an encoder of its own.
    private static func blob(_ content: [UInt8], _ runs: [GzipMembers.Run]) -> [UInt8] {
        var blob: [UInt8] = []
        var rest = content[...]
        for run in runs {
            for length in run.lengths {
                blob += Fixture.encode(Array(rest.prefix(Int(length))), .member(run.member))
                rest = rest.dropFirst(Int(length))
            }
        }
        return blob
    }

    private static func parallel(_ content: [UInt8], _ encoding: GzipEncoding, jobs: Int) async throws -> [UInt8] {
        var rest = content[...]
        var blob: [UInt8] = []
        try await GzipEncoder.encodeInParallel(
            encoding, jobs: jobs,
            pull: { buffer in
                let piece = rest.prefix(min(buffer.count, 70_000))
                buffer.copyBytes(from: piece)
                rest = rest.dropFirst(piece.count)
                return piece.count
            }, output: { blob += $0 })
        return blob
    }

    /// Many members of one file each, an index, and a footer with a header of its own: as eStargz has them.
    private static func fileMembers() throws -> [GzipMembers.Run] {
        var random = DeterministicRandom(seed: 5)
        let files = (0..<40).map { Int64([0, 1, 512, 100, 9000][$0 % 5] + Int.random(in: 0...50, using: &random)) }
        let footer: [UInt8] = [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0] + Array("SG".utf8) + [2, 0, 7, 7]
        return [
            GzipMembers.Run(try member(.go, level: 9), lengths: files + [30_000]),
            GzipMembers.Run(try member(.go, level: 9, header: footer), lengths: [0]),
        ]
    }

    private static func sameProgram() throws -> [GzipMembers.Run] {
        [GzipMembers.Run(try member(.zlib), lengths: [70_000, 0, 1, 200_000])]
    }

    private static func severalPrograms() throws -> [GzipMembers.Run] {
        let header: [UInt8] = [0x1F, 0x8B, 8, 8, 1, 2, 3, 4, 0, 3] + Array("name".utf8) + [0]
        return [
            GzipMembers.Run(try member(.gnuGzip, header: header), lengths: [50_000]),
            GzipMembers.Run(try member(.go, level: 1), lengths: [300_000, 60_000]),
            GzipMembers.Run(try member(.klauspost1Dot15, level: 5), lengths: [300_000]),
            GzipMembers.Run(try member(.gnuGzip, header: header), lengths: [50_000]),
        ]
    }

    private static let scenes: [@Sendable () throws -> [GzipMembers.Run]] = [
        { try fileMembers() }, { try sameProgram() }, { try severalPrograms() },
    ]

    @Test(arguments: 0..<3) func `members are recognized and made again`(scene: Int) async throws {
        let runs = try Self.scenes[scene]()
        let size = Int(runs.reduce(0) { $0 + $1.lengths.reduce(0, +) })
        let content = Fixture.content(size)
        let blob = Self.blob(content, runs)
        let recognizer = GzipRecognizer(Fixture.Blob(bytes: blob))
        let recognized = try await recognizer.encoding(contentSize: Int64(size), jobs: 2)
        let found = try #require(recognized)
        guard case .members(let members) = found else { return #expect(Bool(false), "it has several members") }
        #expect(members.runs.flatMap(\.lengths) == runs.flatMap(\.lengths))
        #expect(members.contentSize == Int64(size))
        for piece in [1, 511, 1 << 20] where size / piece < 400_000 {
            #expect(Fixture.encode(content, found, piece: piece) == blob, "pieces of \(piece)")
        }
        for jobs in 1...3 { #expect(try await Self.parallel(content, found, jobs: jobs) == blob, "\(jobs) jobs") }
        // A content of another length makes another blob, and ends.
        for other in [Array(content.dropLast()), content + [0], []] {
            let made = Fixture.encode(other, found)
            #expect(made != blob)
            #expect(try await Self.parallel(other, found, jobs: 2) == made)
        }
    }

    @Test func `large members and small ones are made in their order`() async throws {
        let member = try Self.member(.zlib, level: 1)
        let lengths: [Int64] = [10, 5 << 20, 0, 100_000, 4 << 20, 1, 300]
        let runs = [GzipMembers.Run(member, lengths: lengths)]
        let content = Fixture.content(Int(lengths.reduce(0, +)))
        let blob = Self.blob(content, runs)
        let encoding = GzipEncoding.members(try #require(GzipMembers(runs: runs)))
        let found = try await GzipRecognizer(Fixture.Blob(bytes: blob)).encoding(contentSize: Int64(content.count))
        #expect(found == encoding)
        for jobs in [1, 2] { #expect(try await Self.parallel(content, encoding, jobs: jobs) == blob) }
    }

    @Test func `an error of the reader or the writer ends the making`() async throws {
        struct Stop: Error {}
        let members = try #require(GzipMembers(runs: try Self.fileMembers()))
        await #expect(throws: Stop.self) {
            try await GzipEncoder.encodeInParallel(
                .members(members), jobs: 2, pull: { _ in throw Stop() }, output: { _ in })
        }
        await #expect(throws: Stop.self) {
            try await GzipEncoder.encodeInParallel(
                .members(members), jobs: 2, pull: { _ in 0 }, output: { _ in throw Stop() })
        }
    }

    @Test func `runs that say nothing, or more than a number holds, make no encoding`() throws {
        let one = try Self.member(.go)
        let other = try Self.member(.zlib)
        typealias Run = GzipMembers.Run
        #expect(GzipMembers(runs: [Run(one, lengths: [1, 2])]) != nil)
        #expect(GzipMembers(runs: [Run(one, lengths: [1]), Run(other, lengths: [0]), Run(one, lengths: [2])]) != nil)
        let wrong: [[Run]] = [
            [], [Run(one, lengths: [])], [Run(one, lengths: [1])], [Run(one, lengths: [1, -1])],
            [Run(one, lengths: [1]), Run(one, lengths: [1])], [Run(one, lengths: [1, 1]), Run(other, lengths: [])],
            [Run(one, lengths: [.max, 1])],
            [Run(one, lengths: Array(repeating: 0, count: GzipMembers.maximumCount + 1))],
        ]
        for runs in wrong { #expect(GzipMembers(runs: runs) == nil) }
        let alternating = (0...GzipMembers.maximumRuns).map { Run($0 % 2 == 0 ? one : other, lengths: [1]) }
        #expect(GzipMembers(runs: alternating) == nil)
        #expect(GzipMembers(runs: Array(alternating.dropLast())) != nil)
    }
}
