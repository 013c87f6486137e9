import DurableFiles
import Foundation
import Testing

@Suite struct WalkTests: ~Copyable {
    let scratch: Scratch
    var directory: Directory { scratch.directory }

    init() throws { scratch = try Scratch() }

    @Test func listsEverythingInTheOrderOfItsBytes() throws {
        _ = try directory.makeSubdirectory("b")
        for name in ["b/x", "b.txt", "b-", "A", "a"] { try directory.writeFile(name, [1, 2]) }
        try scratch.link("link", to: "b")
        mkfifo(scratch.path("pipe"), 0o600)
        let entries = try directory.entries()
        #expect(entries.map(\.path) == ["A", "a", "b", "b-", "b.txt", "b/x", "link", "pipe"])
        #expect(entries.map(\.kind) == [.file, .file, .directory, .file, .file, .file, .symlink, .other])
        #expect(entries.map(\.size) == [2, 2, 0, 2, 2, 2, 0, 0])
    }

    @Test func showsNamesThatAreNotPrintableInEscapesAndAsOther() throws {
        let names: [(bytes: [UInt8], shown: String)] = [
            ([0x61, 0xFF], "a\\xff"), ([0x61, 0x0A], "a\\x0a"), (Array("\u{212A}".utf8), "\\xe2\\x84\\xaa"),
            (Array("a\\xff".utf8), "a\\x5cxff"),
        ]
        for name in names {
            var path = (Array(scratch.url.path.utf8) + [0x2F] + name.bytes).map { CChar(bitPattern: $0) }
            path.append(0)
            close(open(path, O_CREAT | O_WRONLY, 0o600))
        }
        let entries = try directory.entries()
        #expect(entries.map(\.path) == names.map(\.shown).sorted())
        #expect(entries.allSatisfy { $0.kind == .other && $0.size == 0 })
        try directory.writeFile("K", [1])
        #expect(try directory.entries().count == 5)
        try directory.removeTree("K")
        #expect(try directory.entries().count == 4)
    }

    @Test func refusesMoreEntriesThanAllowed() throws {
        _ = try directory.makeSubdirectory("b")
        for name in ["a", "b/c", "b/d"] { try directory.writeFile(name, []) }
        #expect(try directory.entries(limit: 4).count == 4)
        #expect(throws: FileError(.overLimit, "")) { _ = try directory.entries(limit: 3) }
        #expect(throws: FileError(.overLimit, "")) { _ = try directory.entries(limit: 1) }
    }

    @Test func refusesMoreLevelsThanAllowed() throws {
        _ = try directory.makeSubdirectory((0..<70).map { _ in "d" }.joined(separator: "/"))
        #expect(throws: FileError(.overLimit, "")) { _ = try directory.entries() }
    }

    @Test func removesTreesButNotWhatLinksPointTo() throws {
        _ = try directory.makeSubdirectory("kept")
        try directory.writeFile("kept/file", [1])
        _ = try directory.makeSubdirectory("tree/deep/deeper")
        try directory.writeFile("tree/deep/file", [1])
        try scratch.link("tree/out", to: "../kept")
        close(open(scratch.path("tree/deep/\u{1}"), O_CREAT | O_WRONLY, 0o600))
        try directory.removeTree("tree")
        try directory.removeTree("tree")
        #expect(try directory.entries().map(\.path) == ["kept", "kept/file"])
        try scratch.link("link", to: "kept")
        try directory.removeTree("link")
        try directory.removeTree("kept/file")
        #expect(try directory.entries().map(\.path) == ["kept"])
    }

    @Test func emptiesADirectoryWhateverTheNamesAre() throws {
        _ = try directory.makeSubdirectory("kept")
        try directory.writeFile("kept/file", [1])
        let full = try directory.makeSubdirectory("full/deep").path
        for name in [[0x61, 0xFF], [0x0A], Array("\\x0a".utf8), Array(".tmp-1".utf8)] as [[UInt8]] {
            for folder in [scratch.path("full"), full] {
                let path = (Array(folder.utf8) + [0x2F] + name + [0]).map { CChar(bitPattern: $0) }
                close(open(path, O_CREAT | O_WRONLY, 0o600))
            }
        }
        mkdir((Array(full.utf8) + [0x2F, 0xFE, 0]).map { CChar(bitPattern: $0) }, 0o700)
        try scratch.link("full/out", to: "../kept")
        try directory.subdirectory("full").removeContents()
        #expect(try directory.entries().map(\.path) == ["full", "kept", "kept/file"])
    }
}
