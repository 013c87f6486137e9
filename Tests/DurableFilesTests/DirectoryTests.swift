import DurableFiles
import Foundation
import Testing

@Suite struct DirectoryTests: ~Copyable {
    let scratch: Scratch
    var directory: Directory { scratch.directory }

    init() throws { scratch = try Scratch() }

    @Test func makesMissingParentsAndTakesExistingOnes() throws {
        let path = scratch.path("a/b/c")
        _ = try Directory.make(path)
        let again = try Directory.make(path + "/")
        #expect(try again.entries().isEmpty)
        #expect(try directory.entries().map(\.path) == ["a", "a/b", "a/b/c"])
        _ = try directory.makeSubdirectory("a/b/d/e")
        #expect(try directory.exists("a/b/d/e"))
    }

    @Test func refusesToOpenWhatIsNoDirectory() throws {
        try directory.writeFile("file", [1])
        #expect(throws: FileError(.notFound, "")) { _ = try Directory(opening: scratch.path("absent")) }
        #expect(throws: FileError(.notRegular, "")) { _ = try Directory(opening: scratch.path("file")) }
        #expect(throws: FileError(.notRegular, "")) { _ = try Directory.make(scratch.path("file/x")) }
        #expect(throws: FileError(.notRegular, "")) { _ = try directory.makeSubdirectory("file") }
        #expect(throws: FileError(.invalidName, "")) { _ = try Directory(opening: "") }
    }

    @Test(arguments: ["", ".", "..", "a/..", "../a", "/etc/passwd", "a//b", "a/", "a\0b", "./a"])
    func refusesNamesThatAreNotPlainlyBeneath(name: String) throws {
        let refused = FileError(.invalidName, "")
        #expect(throws: refused) { _ = try directory.openFile(name) }
        #expect(throws: refused) { try directory.writeFile(name, []) }
        #expect(throws: refused) { _ = try directory.makeSubdirectory(name) }
        #expect(throws: refused) { try directory.remove(name) }
        #expect(throws: refused) { try directory.removeTree(name) }
        #expect(throws: refused) { try directory.rename("x", to: name) }
        #expect(try scratch.names.isEmpty)
    }

    @Test func followsNoLinkAnywhere() throws {
        _ = try directory.makeSubdirectory("real")
        try directory.writeFile("real/file", [1])
        try scratch.link("folder", to: "real")
        try scratch.link("file", to: "real/file")
        let refused = FileError(.notRegular, "")
        #expect(throws: refused) { _ = try directory.openFile("file") }
        #expect(throws: refused) { _ = try directory.openFile("folder/file") }
        #expect(throws: refused) { _ = try directory.subdirectory("folder") }
        #expect(throws: refused) { _ = try directory.size(of: "file") }
        #expect(throws: refused) { try directory.writeFile("folder/new", [1]) }
        #expect(throws: refused) { try directory.remove("folder/file") }
        #expect(throws: refused) { _ = try directory.openAppendableFile("file") }
        #expect(try directory.exists("file"))
    }

    @Test func entersNoOtherMount() throws {
        let root = try Directory(opening: "/")
        #expect(throws: FileError(.notRegular, "")) { _ = try root.openFile("proc/self/status") }
    }

    @Test(.timeLimit(.minutes(1))) func opensOnlyRegularFilesAndNeverWaits() throws {
        _ = try directory.makeSubdirectory("folder")
        mkfifo(scratch.path("fifo"), 0o600)
        #expect(throws: FileError(.notRegular, "")) { _ = try directory.openFile("folder") }
        #expect(throws: FileError(.notRegular, "")) { _ = try directory.openFile("fifo") }
        #expect(throws: FileError(.notRegular, "")) { _ = try directory.openAppendableFile("fifo") }
        #expect(throws: FileError(.notRegular, "")) { _ = try Directory(opening: "/dev").openFile("null") }
        #expect(throws: FileError(.notFound, "")) { _ = try directory.openFile("absent") }
    }

    @Test func tellsSizesAndAbsence() throws {
        try directory.writeFile("file", [1, 2, 3])
        #expect(try directory.size(of: "file") == 3)
        #expect(try directory.size(of: "absent") == nil)
        #expect(try directory.exists("file"))
        #expect(try !directory.exists("absent"))
    }

    @Test func renamesAndExchanges() throws {
        _ = try directory.makeSubdirectory("old")
        try directory.writeFile("old/a", [1])
        _ = try directory.makeSubdirectory("new")
        try directory.writeFile("new/b", [2])
        try directory.exchange("old", with: "new")
        #expect(try directory.readFile("old/b", limit: 1) == [2])
        try directory.rename("old/b", to: "new/c")
        #expect(try directory.entries().map(\.path) == ["new", "new/a", "new/c", "old"])
        #expect(throws: FileError(.notFound, "")) { try directory.exchange("old", with: "absent") }
        #expect(throws: FileError(.exists, "")) { try directory.rename("old", to: "new") }
        try directory.remove("new/c")
        #expect(throws: FileError(.notFound, "")) { try directory.remove("new/c") }
        #expect(throws: FileError(.notRegular, "")) { try directory.remove("new") }
    }

    @Test func knowsWhetherANameLeadsToIt() throws {
        let one = try directory.makeSubdirectory("one")
        let two = try directory.makeSubdirectory("two")
        #expect(try one.isNamed("one", in: directory) && !one.isNamed("two", in: directory))
        try directory.exchange("one", with: "two")
        #expect(try !one.isNamed("one", in: directory) && one.isNamed("two", in: directory))
        #expect(try two.isNamed("one", in: directory))
        try directory.removeTree("one")
        try scratch.link("one", to: "two")
        #expect(try !one.isNamed("one", in: directory) && !two.isNamed("one", in: directory))
        #expect(try !one.isNamed("absent", in: directory))
        #expect(throws: FileError(.invalidName, "")) { _ = try one.isNamed("..", in: directory) }
    }

    @Test func `an empty directory goes, one with something in it stays`() throws {
        _ = try directory.makeSubdirectory("a/b")
        try directory.writeFile("a/file", [1], mode: 0o640)
        try directory.removeEmptyDirectory("a")
        #expect(try directory.exists("a/b"))
        try directory.removeEmptyDirectory("a/b")
        #expect(try !directory.exists("a/b"))
        #expect(throws: FileError(.notFound, "")) { try directory.removeEmptyDirectory("a/b") }
        #expect(throws: FileError(.notRegular, "")) { try directory.removeEmptyDirectory("a/file") }
        let attributes = try directory.attributes(of: "a/file")
        let owner = try directory.owner
        #expect(attributes.mode == 0o640 && attributes.owner == owner)
    }

    @Test func isLockedByOneOwnerAtATime() throws {
        do {
            let first = try Directory(opening: scratch.url.path)
            try first.lock()
            try first.lock()
            #expect(throws: FileError(.busy, "")) { try directory.lock() }
            try first.sync()
        }
        try directory.lock()
    }

    @Test func losesTemporaryFilesWhenNobodyElseWritesThere() throws {
        for name in [".tmp-1", ".tmp-2", "file"] { try Data().write(to: scratch.url.appending(path: name)) }
        do {
            let first = try Directory(opening: scratch.url.path)
            try first.join()
            #expect(try scratch.names == ["file"])
            let file = try first.makeTemporaryFile()
            try directory.join()
            #expect(try scratch.names.count == 2)
            #expect(throws: FileError(.busy, "")) { try first.lock() }
            try file.sync()
        }
        try Data().write(to: scratch.url.appending(path: ".tmp-3"))
        // It is the only one left.
        try directory.join()
        #expect(try scratch.names == ["file"])
    }

    @Test func knowsItsVolume() throws {
        let space = try directory.freeSpace()
        #expect(space.bytes > 0 && space.inodes > 0)
        #expect(try directory.fileSystem == directory.makeSubdirectory("a").fileSystem)
        #expect(try directory.fileSystem != Directory(opening: "/proc").fileSystem)
        try directory.sync()
    }
}
