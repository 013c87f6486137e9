import BundleLoader
import DurableFiles
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite struct ReceiptLogTests {
    private let home: TemporaryDirectory
    private let log: ReceiptLog

    init() throws {
        home = try TemporaryDirectory()
        log = ReceiptLog(in: try Directory(opening: home.path))
    }

    private static func receipt(_ result: Int64, padding: Int = 0) -> JSONValue {
        .object(["result": .integer(result), "error": .string(String(repeating: "x", count: padding))])
    }

    private func lastResult() throws -> Int64? {
        try log.last()?.receipt.member("result").integer(in: 0...1000)
    }

    private var lines: [String] {
        get throws {
            String(decoding: try home.read(ReceiptLog.fileName), as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test func everyRunIsALine() throws {
        #expect(try log.last() == nil)
        for result in 0..<3 { try log.append(Self.receipt(Int64(result))) }
        #expect(try lines == (0..<3).map { #"{"error":"","result":\#($0)}"# } + [""])
        let last = try #require(try log.last())
        #expect(String(decoding: last.line, as: UTF8.self) == #"{"error":"","result":2}"#)
        var status = stat()
        #expect(stat(home.path(ReceiptLog.fileName), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func aLineThatWasTornAtAnyByteIsCutOff() throws {
        try log.append(Self.receipt(1))
        let whole = try home.read(ReceiptLog.fileName)
        let next = JSONWriter.canonical(Self.receipt(2))
        for count in 0..<next.count {
            try home.write(whole + next.prefix(count), to: ReceiptLog.fileName)
            #expect(try lastResult() == 1)
            try log.append(Self.receipt(3))
            #expect(try lastResult() == 3)
            #expect(try lines.count == 3)
        }
    }

    @Test func whatAPowerCutLeavesIsSkipped() throws {
        try log.append(Self.receipt(1))
        let whole = try home.read(ReceiptLog.fileName)
        let zeros = [UInt8](repeating: 0, count: 300_000)
        // Zeros for what was not written, with and without the last block.
        try home.write(whole + zeros, to: ReceiptLog.fileName)
        #expect(try lastResult() == 1)
        try log.append(Self.receipt(2))
        #expect(try lines.count == 3)
        try home.write(whole + zeros + Array("}\n".utf8), to: ReceiptLog.fileName)
        #expect(try lastResult() == 1)
        try log.append(Self.receipt(3))
        #expect(try lastResult() == 3)
        try home.write(Array("[]\n7\n\n".utf8), to: ReceiptLog.fileName)
        #expect(try log.last() == nil)
        try home.write(zeros, to: ReceiptLog.fileName)
        #expect(try log.last() == nil)
        try log.append(Self.receipt(4))
        #expect(try lines.count == 2)
    }

    @Test func longLinesAndLongFilesAreRead() throws {
        let old = String(repeating: "x", count: 1 << 20) + "\n"
        try home.write(String(repeating: old, count: 20), to: ReceiptLog.fileName)
        try log.append(Self.receipt(5, padding: 1 << 20))
        #expect(try lastResult() == 5)
        try log.append(Self.receipt(6))
        #expect(try lastResult() == 6)
    }

    @Test func theOldestLinesGoBeforeTheFileIsTooLong() throws {
        let limit = 8 << 20
        var longest = 0
        for result in 0..<60 {
            try log.append(Self.receipt(Int64(result), padding: result == 40 ? 0 : 300_000))
            let size = try home.read(ReceiptLog.fileName).count
            longest = max(longest, size)
            #expect(size <= limit)
            #expect(try lastResult() == Int64(result))
        }
        #expect(longest > limit - 301_000)
        let kept = try lines.dropLast().map {
            try JSONNode(parsing: Array($0.utf8)).member("result").integer(in: 0...99)
        }
        #expect(kept == Array((kept.first ?? 0)...59) && kept.count >= 13)
        // One line that is longer than the file may be is kept alone.
        try log.append(Self.receipt(70, padding: 9 << 20))
        #expect(try lastResult() == 70)
        #expect(try lines.count == 2)
        try log.append(Self.receipt(71))
        #expect(try lines == [#"{"error":"","result":71}"#, ""])
        var status = stat()
        #expect(stat(home.path(ReceiptLog.fileName), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func aLineThatJustFitsIsKept() throws {
        // Lines of 1 MiB, the first of which begins where the half that is kept does.
        let line = String(repeating: "x", count: 1 << 20 - 1) + "\n"
        let next = JSONWriter.canonical(Self.receipt(1, padding: 1 << 20))
        let old = String(repeating: line, count: 8)
        try home.write(old, to: ReceiptLog.fileName)
        try log.append(Self.receipt(1, padding: 1 << 20))
        let found = try home.read(ReceiptLog.fileName)
        #expect(found == Array(String(repeating: line, count: 2).utf8) + next)
        // What is kept fills the half to its last byte.
        let exact = (4 << 20) - next.count
        try home.write(old + String(repeating: "y", count: exact - 1) + "\n", to: ReceiptLog.fileName)
        try log.append(Self.receipt(1, padding: 1 << 20))
        let half = try home.read(ReceiptLog.fileName)
        #expect(half.count == 4 << 20 && half.first == UInt8(ascii: "y"))
    }

    @Test func aLogThatIsNoFileIsRefused() throws {
        try home.makeDirectory(ReceiptLog.fileName)
        #expect(throws: LoadError(.files, "")) { try log.append(Self.receipt(1)) }
        #expect(throws: LoadError(.files, "")) { try log.last() }
    }

    @Test(.enabled(if: geteuid() == 0 && Toolbox.has("mount"))) func aFullDiskKeepsWhatWasThere() async throws {
        let small = try home.makeDirectory("small")
        try await Command("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", small]).check()
        defer { umount2(small, 0) }
        let log = ReceiptLog(in: try Directory(opening: small))
        try log.append(Self.receipt(1))
        #expect(throws: LoadError(.noSpace, "")) { try log.append(Self.receipt(2, padding: 100_000)) }
        #expect(try log.last()?.receipt.member("result").integer(in: 0...9) == 1)
        try log.append(Self.receipt(3))
        #expect(try log.last()?.receipt.member("result").integer(in: 0...9) == 3)
    }
}
