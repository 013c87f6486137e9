import Tar
import TestSupport
import Testing

@Suite struct TarScannerTests {
    /// An archive with every kind of entry, and files around the size of a block.
    static let archive: [UInt8] = {
        var random = DeterministicRandom(seed: 1)
        let longName = String(repeating: "long/", count: 40) + "name"
        var entries: [TarFixture.Entry] = [
            .directory("d"), .file("d/empty", []), .symbolicLink("d/link", to: longName), .file(longName, "contents"),
            .hardLink("d/hard", to: "d/empty"), .init("d/null", .characterDevice(major: 1, minor: 3)),
            .init("d/loop", .blockDevice(major: 7, minor: 0)), .init("d/pipe", .pipe), .whiteout("d/gone"),
            .file("d/attributes", "x").with { $0.attributes = ["user.a": random.bytes(700)] },
        ]
        for size in [1, 511, 512, 513, 1024, 5000] { entries.append(.file("f\(size)", random.bytes(size))) }
        return TarFixture.tar(entries)
    }()
    static let sizes: [Int64] = [8, 1, 1, 511, 512, 513, 1024, 5000]

    /// Two files and a long link between them, for tests that take many turns.
    private static let smallArchive = TarFixture.tar([
        .file("a", [UInt8](repeating: 1, count: 513)),
        .symbolicLink("link", to: String(repeating: "t", count: 120)),
        .file("b", [UInt8](repeating: 2, count: 700)),
    ])

    private func check(_ trace: TarTrace, _ input: [UInt8], _ what: Comment) {
        #expect(trace.complaints.isEmpty, what)
        #expect(trace.bytes == input, what)
    }

    @Test func filesAreToldFromEverythingElse() {
        let trace = TarTrace(Self.archive)
        check(trace, Self.archive, "whole")
        #expect(trace.sizes == Self.sizes)
        #expect(trace.contents[0] == Array("contents".utf8))
        #expect(trace.lostCount == 0)
    }

    @Test func anySizeOfPiecesGivesTheSame() {
        let whole = TarTrace(Self.archive)
        for size in 1...1025 {
            let trace = TarTrace(Self.archive, pieces: [size])
            #expect(trace == whole, "pieces of \(size)")
        }
        #expect(TarTrace(Self.archive, pieces: [1, 511, 3, 512, 700, 1025]) == whole)
    }

    @Test func anySizeOfPiecesGivesTheSameForDamagedArchives() {
        var random = DeterministicRandom(seed: 2)
        let inputs = [
            random.bytes(3000), [1, 2, 3], Array(Self.archive[100...]), Array(Self.archive.dropLast(1500)),
            Self.archive + random.bytes(777) + Self.archive, [UInt8](repeating: 0, count: 1300), [],
        ]
        for (number, input) in inputs.enumerated() {
            let whole = TarTrace(input)
            check(whole, input, "input \(number)")
            for size in [1, 2, 3, 7, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025] {
                #expect(TarTrace(input, pieces: [size]) == whole, "input \(number) in pieces of \(size)")
            }
        }
    }

    @Test func nothingGivesNothing() {
        let trace = TarTrace([])
        #expect(trace.parts.isEmpty)
        #expect(trace.complaints.isEmpty)
    }

    @Test(arguments: [1, 511, 512, 513, 1023, 1024, 1025]) func paddingIsMetadata(size: Int) {
        let tar = TarFixture.tar([.file("a", [UInt8](repeating: 7, count: size)), .file("b", [8])])
        let padding = (512 - size % 512) % 512
        #expect(
            TarTrace(tar).parts == [
                .metadata(512), .file(size: Int64(size), count: size), .metadata(padding + 512),
                .file(size: 1, count: 1),
                .metadata(511 + 1024),
            ])
    }

    @Test func theEndAndZerosAfterItAreMetadata() {
        let tar = TarFixture.tar([]) + [UInt8](repeating: 0, count: 10_240 + 100)
        #expect(TarTrace(tar).parts == [.metadata(1024 + 10_240 + 100)])
    }

    @Test func archivesOneAfterAnotherAreFollowed() {
        let trace = TarTrace(Self.archive + Self.archive)
        #expect(trace.sizes == Self.sizes + Self.sizes)
        #expect(trace.lostCount == 0)
    }

    @Test(arguments: [1, 100, 511, 512, 513, 10_000]) func whatIsNoTarIsOneFile(count: Int) {
        var random = DeterministicRandom(seed: UInt64(count))
        let input = random.bytes(count)
        let trace = TarTrace(input)
        check(trace, input, "random")
        // Less than a block cannot be told from a header that is cut.
        #expect(trace.parts == (count < 512 ? [.metadata(count)] : [.file(size: .max, count: count)]))
    }

    @Test func gzipAfterATarIsContent() {
        var random = DeterministicRandom(seed: 9)
        let gzip = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + random.bytes(4000)
        let trace = TarTrace(Self.archive + gzip)
        check(trace, Self.archive + gzip, "gzip after tar")
        #expect(trace.sizes == Self.sizes)
        #expect(trace.lostCount == gzip.count)
        let reversed = TarTrace(gzip + Self.archive)
        check(reversed, gzip + Self.archive, "tar after gzip")
        #expect(reversed.lostCount >= gzip.count)
    }

    @Test(arguments: [1, 2, 8]) func aHeaderIsFoundAgainAfterGarbage(blocks: Int) {
        var random = DeterministicRandom(seed: UInt64(blocks))
        let garbage = random.bytes(512 * blocks)
        let tar = TarFixture.tar([.file("a", random.bytes(600))]).dropLast(1024)
        let rest = TarFixture.tar([.file("b", random.bytes(700)), .file("c", [1])])
        let trace = TarTrace(tar + garbage + rest)
        #expect(trace.sizes == [600, 700, 1])
        #expect(trace.lostCount == garbage.count)
    }

    @Test func everyCutHandsOnWhatThereIs() {
        for length in 0..<Self.smallArchive.count {
            let input = Array(Self.smallArchive[..<length])
            check(TarTrace(input, pieces: [length % 600 + 1]), input, "cut at \(length)")
        }
    }

    @Test(arguments: 0..<20) func mutationsNeverTrapNorLoseAByte(round: Int) {
        var random = DeterministicRandom(seed: UInt64(1000 + round))
        for _ in 0..<1000 {
            var input = Self.smallArchive
            for _ in 0...Int.random(in: 0...3, using: &random) {
                let position = Int.random(in: 0..<input.count, using: &random)
                switch Int.random(in: 0...5, using: &random) {
                case 0: input[position] = UInt8.random(in: 0...255, using: &random)
                case 1: input[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
                case 2: input.removeSubrange(position..<min(input.count, position + 1 + position % 600))
                case 3: input.insert(contentsOf: random.bytes(position % 600), at: position)
                default: input.rewriteHeader(at: position / 512 * 512, &random)
                }
                guard !input.isEmpty else { break }
            }
            let pieces = (0..<3).map { _ in Int.random(in: 1...4096, using: &random) }
            let trace = TarTrace(input, pieces: pieces)
            guard trace.complaints.isEmpty, trace.bytes == input else {
                check(trace, input, "round \(round)")
                return
            }
        }
    }
}

extension [UInt8] {
    /// Puts any size and type into a block and makes its checksum fit.
    fileprivate mutating func rewriteHeader(at offset: Int, _ random: inout DeterministicRandom) {
        guard offset + 512 <= count else { return }
        var header = TarHeaderFixture(block: Array(self[offset..<offset + 512]))
        header.setSize(random.bytes(12))
        if random.next() & 1 == 0 {
            header.setSize([0x80] + [UInt8](repeating: 0, count: 3) + random.bytes(8))
        } else if random.next() & 1 == 0 {
            header.setSize((0..<12).map { _ in 0x30 + UInt8(random.next() & 7) })
        }
        header.setType("01234567xgLKSDMV".utf8.randomElement(using: &random) ?? 0)
        replaceSubrange(offset..<offset + 512, with: header.sealed)
    }
}
