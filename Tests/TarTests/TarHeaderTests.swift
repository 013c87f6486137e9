import Tar
import Testing

/// What counts as a header, seen through the scanner.
///
/// Spec: POSIX.1-2017 pax, ustar header block.
@Suite struct TarHeaderTests {
    private func trace(_ header: [UInt8], content: Int = 0) -> TarTrace {
        TarTrace(header + [UInt8](repeating: 0xAA, count: (content + 511) / 512 * 512))
    }

    private func size(_ field: [UInt8]) -> Int64? {
        var header = TarHeaderFixture()
        header.setSize(field)
        let parts = trace(header.sealed, content: 1024).parts
        guard parts.count > 1, case .metadata(512) = parts[0], case .file(let size, _) = parts[1] else { return nil }
        return size
    }

    private static let octal: [(String, Int64)] = [
        ("00000000010\u{0}", 8), ("00000000010 ", 8), ("         10\u{0}", 8), ("         10 ", 8),
        ("10\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", 8),
        ("10          ", 8), ("000000000010", 8), ("77777777777\u{0}", 0o77777777777), ("777777777777", 0o777777777777),
    ]

    @Test(arguments: octal) func readsOctalSizes(field: String, expected: Int64) {
        #expect(size(Array(field.utf8)) == expected)
    }

    private static let binary: [(UInt64, Int64)] = [
        (1, 1), (8, 8), (0x1_0000_0001, 0x1_0000_0001), (1 << 40, 1 << 40), (1 << 53, 1 << 53),
    ]

    @Test(arguments: binary) func readsBinarySizes(number: UInt64, expected: Int64) {
        let low = (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
        #expect(size([0x80, 0, 0, 0] + low) == expected)
    }

    private static let impossible: [(String, [UInt8])] = [
        ("negative", [0xFF] + [UInt8](repeating: 0xFF, count: 11)),
        ("beyond 64 bits", [0x80, 0, 0, 1] + [UInt8](repeating: 0, count: 8)),
        ("beyond 63 bits", [0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("beyond 2^53", [0x80, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 1]),
        ("all bits", [0x80] + [UInt8](repeating: 0xFF, count: 11)), ("no digit", Array("0000000001x\u{0}".utf8)),
        ("an eight", Array("00000000018\u{0}".utf8)), ("a minus", Array("-0000000001\u{0}".utf8)),
        ("a digit after the end", Array("0000 0000001".utf8)),
    ]

    @Test(arguments: impossible) func aSizeThatCannotBeIsNoHeader(label: String, field: [UInt8]) {
        var header = TarHeaderFixture()
        header.setSize(field)
        let found = trace(header.sealed, content: 1024)
        #expect(found.parts == [.file(size: .max, count: 512 + 1024)], "\(label)")
    }

    @Test func aFileOfAnyHugeSizeJustEndsWithTheStream() {
        var header = TarHeaderFixture()
        header.setSize([0x80, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0])
        let found = trace(header.sealed, content: 2048)
        #expect(found.parts == [.metadata(512), .file(size: 1 << 53, count: 2048)])
        #expect(found.complaints.isEmpty)
        header.setType(UInt8(ascii: "x"))
        #expect(trace(header.sealed, content: 2048).parts == [.metadata(512 + 2048)])
    }

    @Test(arguments: ["0", "\u{0}", "7", "S", "Z"]) func theseTypesHaveContents(type: Character) {
        let header = TarHeaderFixture(size: "00000000003", type: type).sealed
        #expect(trace(header, content: 3).parts == [.metadata(512), .file(size: 3, count: 3), .metadata(509)])
    }

    @Test(arguments: ["1", "2", "3", "4", "5", "6"]) func linksDevicesAndFoldersHaveNone(type: Character) {
        let header = TarHeaderFixture(size: "00000001000", type: type).sealed
        #expect(TarTrace(header + TarHeaderFixture(size: "00000000000").sealed).parts == [.metadata(1024)])
    }

    @Test(arguments: ["x", "g", "L", "K"]) func extensionRecordsAreMetadata(type: Character) {
        let header = TarHeaderFixture(size: "00000001001", type: type).sealed
        #expect(trace(header, content: 513).parts == [.metadata(512 + 1024)])
    }

    @Test func theChecksumDecides() {
        let good = TarHeaderFixture(size: "00000000001").sealed
        for position in 0..<512 where !(148..<156).contains(position) {
            var block = good
            block[position] ^= 1
            #expect(trace(block, content: 512).sizes.isEmpty, "byte \(position)")
        }
    }

    @Test func checksumsAreReadInAllTheirSpellings() {
        let header = TarHeaderFixture(size: "00000000001")
        let spellings: [(String) -> String] = [
            { $0 + "\u{0} " }, { $0 + " \u{0}" }, { "0" + $0 + "\u{0}" }, { "00" + $0 },
            { " " + $0.dropFirst() + "\u{0} " },
            { $0 + "\u{0}\u{0}" },
        ]
        for spelling in spellings {
            #expect(trace(header.sealed { Array(spelling($0).utf8) }, content: 1).sizes == [1])
        }
    }

    @Test func aBlockOfZerosIsNoHeaderAndNoFile() {
        let zeros = [UInt8](repeating: 0, count: 512)
        #expect(TarTrace(zeros + TarHeaderFixture(size: "00000000001").sealed + [7]).sizes == [1])
    }
}
