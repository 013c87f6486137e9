import Archives
import Testing

@Suite struct ArchiveEntryTests {
    private func entry(_ path: String, to target: String? = nil) -> ArchiveEntry {
        ArchiveEntry(
            path: Array(path.utf8), kind: target.map { .symbolicLink(Array($0.utf8)) } ?? .file, size: 0)
    }

    @Test(arguments: [
        ("a", "a"), ("./a/b", "a/b"), ("a/b/", "a/b"), ("./", ""), (".", ""), ("././x", "x"), ("..a/b..", "..a/b.."),
        ("ü", "ü"),
    ])
    func plainPathsHaveNames(path: String, name: String) throws { #expect(try entry(path).name() == name) }

    @Test(arguments: ["/a", "../a", "a/../b", "a//b", "a/./b", "/", "..", "./../a", "a/.."])
    func pathsThatLeadElsewhereAreRefused(path: String) {
        #expect(throws: ArchiveError(.name, "")) { try entry(path).name() }
    }

    @Test func whatIsNoTextIsRefused() {
        for path in [[0x61, 0xFF], [0xC3, 0x28], [0x61, 0]] as [[UInt8]] {
            #expect(throws: ArchiveError(.name, "")) { try ArchiveEntry(path: path, kind: .file, size: 0).name() }
        }
    }

    @Test(arguments: [
        ("a/layer.tar", "../b/layer.tar", "b/layer.tar"), ("a", "b", "b"), ("a/b", "./c", "a/c"), ("a", "../b", nil),
        ("a/b", "../../c", nil), ("a", "/etc/passwd", nil), ("a", "", nil), ("a/b", "..", ""),
    ])
    func linksLeadToNamesInTheArchive(path: String, target: String, name: String?) {
        #expect(entry(path, to: target).linkTarget() == name)
    }

    @Test func messagesShowPathsOnOneLine() {
        #expect(ArchiveEntry.shown(Array("a\n\u{1B}[2Jb".utf8)) == "'a\u{FFFD}\u{FFFD}[2Jb'")
    }
}
