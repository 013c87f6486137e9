import TestSupport
import Testing

@testable import Tar

@Suite struct TarEntryTests {
    @Test func `the program tar reads what is written, with owner, mode and time`() async throws {
        let contents: [(String, [UInt8])] = [
            ("manifest.json", Array("[]".utf8)), ("blobs/sha256/empty", []),
            ("blobs/sha256/" + String(repeating: "a", count: 87), [UInt8](repeating: 7, count: 512)),
            ("odd", [UInt8](repeating: 9, count: 1025)),
        ]
        var tar: [UInt8] = []
        for (name, bytes) in contents {
            let entry = TarEntry(name: name, size: Int64(bytes.count))
            let start = tar.count
            tar += entry.header + bytes + entry.padding
            #expect(Int64(tar.count - start) == entry.totalSize)
        }
        tar += TarEntry.end
        let directory = try TemporaryDirectory()
        let list = Command("tar", ["--list", "--verbose", "--utc", "--file", "-"], input: tar)
        let lines = try await list.check().outputText.split(separator: "\n")
        #expect(lines.count == contents.count)
        for (line, (name, bytes)) in zip(lines, contents) {
            let words = line.split(separator: " ")
            #expect(words == ["-rw-r--r--", "0/0", "\(bytes.count)", "1970-01-01", "00:00", Substring(name)])
        }
        try await Command("tar", ["--extract", "--file", "-", "--directory", directory.path], input: tar).check()
        for (name, bytes) in contents { #expect(try directory.read(name) == bytes) }
    }

    @Test(arguments: [0, 1, (1 << 33) - 1, 1 << 33, 1 << 40, 1 << 53] as [Int64])
    func `every size is read again`(size: Int64) throws {
        let header = TarEntry(name: "blobs/sha256/big", size: size).header
        #expect(try #require(TarHeader(header)).size == size)
    }
}
