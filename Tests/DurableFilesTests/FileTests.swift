import DurableFiles
import Foundation
import Testing

@Suite struct FileTests: ~Copyable {
    let scratch: Scratch
    var directory: Directory { scratch.directory }

    init() throws { scratch = try Scratch() }

    @Test func writesWholeFilesWithExactPermissions() throws {
        try directory.writeFile("key", [1, 2, 3], mode: 0o600)
        try directory.writeFile("key", [4], mode: 0o666)
        #expect(try directory.readFile("key", limit: 10) == [4])
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path("key"))
        #expect(attributes[.posixPermissions] as? Int == 0o666)
        try directory.writeFile("empty", [])
        #expect(try directory.readFile("empty", limit: 0) == [])
        #expect(try scratch.names == ["empty", "key"])
    }

    @Test(.enabled(if: geteuid() == 0)) func givesWhatItMakesToAnOwner() throws {
        let owner = FileOwner(userID: 1000, groupID: 1001)
        // As a process that was killed between making a directory and giving it away.
        _ = try directory.makeSubdirectory("a", mode: 0o700)
        let inner = try directory.makeSubdirectory("a/b", mode: 0o750, owner: owner)
        #expect(try inner.owner == owner)
        #expect(try directory.subdirectory("a").owner == owner)
        try inner.writeFile("file", [1], mode: 0o640, owner: owner)
        for (name, mode) in [("a", 0o750), ("a/b", 0o750), ("a/b/file", 0o640)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path(name))
            #expect(attributes[.ownerAccountID] as? Int == 1000)
            #expect(attributes[.groupOwnerAccountID] as? Int == 1001)
            #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
        }
        // What belongs to a third one stays so.
        let third = FileOwner(userID: 1002, groupID: 1002)
        #expect(try directory.makeSubdirectory("a/b", owner: third).owner == owner)
    }

    @Test func removesTemporaryFilesOnly() throws {
        var file = try directory.makeTemporaryFile()
        try file.append([1])
        try directory.writeFile("kept", [2])
        _ = try directory.makeSubdirectory(".tmp-directory")
        #expect(try scratch.names.count == 3)
        try directory.removeTemporaryFiles()
        #expect(try scratch.names == [".tmp-directory", "kept"])
        var failure: FileError.Code?
        do throws(FileError) { try file.commit(as: "late") } catch { failure = error.code }
        #expect(failure == .notFound)
    }

    @Test func readsNoFileOverItsLimit() throws {
        try directory.writeFile("file", [UInt8](repeating: 7, count: 100))
        #expect(try directory.readFile("file", limit: 100).count == 100)
        #expect(throws: FileError(.overLimit, "")) { _ = try directory.readFile("file", limit: 99) }
    }

    @Test func removesATemporaryFileThatIsNotCommitted() throws {
        do {
            var file = try directory.makeTemporaryFile()
            try file.append([1, 2, 3])
            #expect(file.written == 3)
            #expect(try scratch.names.count == 1)
            #expect(try scratch.names.allSatisfy { $0.hasPrefix(Directory.temporaryPrefix) })
        }
        #expect(try scratch.names.isEmpty)
    }

    @Test func commitsIntoSubdirectoriesAndReplacesLinksThemselves() throws {
        _ = try directory.makeSubdirectory("sub")
        try directory.writeFile("target", [1])
        try scratch.link("sub/file", to: "../target")
        try directory.writeFile("sub/file", [2])
        #expect(try directory.readFile("target", limit: 1) == [1])
        #expect(try directory.readFile("sub/file", limit: 1) == [2])
    }

    @Test func leavesNothingWhenCommittingFails() throws {
        _ = try directory.makeSubdirectory("sub")
        #expect(throws: FileError(.notRegular, "")) { try directory.writeFile("sub", [1]) }
        #expect(throws: FileError(.notFound, "")) { try directory.writeFile("absent/file", [1]) }
        #expect(try scratch.names == ["sub"])
    }

    @Test func readsAtAnyPositionAndRefusesWhatIsNotThere() throws {
        let bytes = (0..<100).map { UInt8($0) }
        try directory.writeFile("file", bytes)
        let file = try directory.openFile("file")
        file.expectSequentialReading()
        #expect(file.size == 100)
        #expect(try file.read(at: 90, count: 10) == Array(bytes[90...]))
        #expect(try file.read(at: 100, count: 0) == [])
        let refused = FileError(.truncated, "")
        for (offset, count) in [(91, 10), (101, 0), (-1, 1), (0, .max), (.max, 1)] as [(Int64, Int)] {
            #expect(throws: refused) { _ = try file.read(at: offset, count: count) }
        }
        var buffer = [UInt8](repeating: 0, count: 40)
        let counts = try [80, 100, 1000].map { offset in
            try buffer.withUnsafeMutableBytes { try file.readAvailable(at: Int64(offset), into: $0) }
        }
        #expect(counts == [20, 0, 0])
        #expect(Array(buffer[..<20]) == Array(bytes[80...]))
        #expect(throws: refused) { try buffer.withUnsafeMutableBytes { try file.read(at: 80, into: $0) } }
    }

    @Test func noticesThatAFileShrank() throws {
        try directory.writeFile("file", [1, 2, 3, 4])
        let file = try directory.openFile("file")
        #expect(truncate(scratch.path("file"), 2) == 0)
        #expect(throws: FileError(.truncated, "")) { _ = try file.read(at: 0, count: 4) }
    }

    @Test func appendsToWhatIsThere() throws {
        do {
            var file = try directory.openAppendableFile("part")
            #expect(file.size == 0)
            try file.append([1, 2, 3])
            try file.sync()
        }
        var file = try directory.openAppendableFile("part")
        #expect(file.size == 3)
        try file.append([4])
        try file.truncate(to: 2)
        try file.append([9])
        #expect(file.size == 3)
        #expect(try directory.readFile("part", limit: 10) == [1, 2, 9])
        do throws(FileError) {
            try file.truncate(to: 4)
            Issue.record("cut a file to more than it has")
        } catch {
            #expect(error.code == .truncated)
        }
    }
}
