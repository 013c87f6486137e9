extension ImageFactory {
    /// An image with every kind of entry that engines unpack.
    static func everything() async throws -> ImageSet {
        let empty = try await LayerFixture([])
        var images = ImageSet()
        images.add(
            ImageFixture([
                try await LayerFixture(baseEntries), empty, try await LayerFixture(changeEntries),
                try await LayerFixture([.file("zeros", [UInt8](repeating: 0, count: 8 << 20))]),
                try await LayerFixture(
                    [.directory("plain"), .file("plain/tar", "uncompressed\n")], compression: .none),
            ]), tag: "everything")
        return images
    }

    private static var baseEntries: [TarFixture.Entry] {
        var random = DeterministicRandom(seed: 20)
        let long = String(repeating: "long-directory-name/", count: 13)
        return [
            .directory("bin"), .file("bin/tool", random.bytes(5_000)).with { $0.mode = 0o4755 },
            .hardLink("bin/tool-2", to: "bin/tool"), .symbolicLink("bin/tool-3", to: "tool"),
            .symbolicLink("bin/dangling", to: "../nowhere/" + String(repeating: "x", count: 150)),
            .directory("etc"), .file("etc/removed", "gone in the next layer\n"),
            .file("etc/replaced", "first\n").with { $0.modified = 0 }, .file("etc/empty", ""),
            .file("etc/fraction", "mtime with nanoseconds\n").with { $0.records = ["mtime": "1700000000.123456789"] },
            .file("etc/größe-名前", "a name beyond ASCII\n").with { $0.records = ["path": "etc/größe-名前"] },
            .directory("old"), .file("old/a", "a\n"), .file("old/b", "b\n"),
            .directory("tmp").with { $0.mode = 0o1777 },
            .directory("home").with {
                $0.userID = 1000; $0.groupID = 100
            },
            .file("home/owned", "by a large id\n").with {
                $0.userID = 3_000_000; $0.groupID = 2_097_152
            },
            .file(long + "file", "deep\n"), .hardLink(long + "other", to: long + "file"),
            .file(String(repeating: "n", count: 100), "exactly 100 bytes of name\n"),
            .file(String(repeating: "m", count: 101), "101 bytes of name\n"),
            .directory("dev"), Entry("dev/null0", .characterDevice(major: 1, minor: 3)),
            Entry("dev/loop77", .blockDevice(major: 7, minor: 77)), Entry("dev/pipe", .pipe),
            .file("bin/capable", random.bytes(700)).with { $0.attributes = ["security.capability": netBindService] },
            .file("etc/attributes", "x").with {
                $0.attributes = ["user.binary": [0, 10, 61, 255], "user.text": Array("value".utf8)]
            },
        ]
    }

    private static var changeEntries: [TarFixture.Entry] {
        [
            .directory("etc"), .whiteout("etc/removed"), .file("etc/replaced", "second\n"), .directory("old"),
            .opaqueWhiteout("old"), .file("old/new", "new\n"), .whiteout("bin/tool-3"),
        ]
    }

    private typealias Entry = TarFixture.Entry

    /// A `vfs_cap_data` of version 2 with CAP_NET_BIND_SERVICE.
    private static let netBindService: [UInt8] =
        [1, 0, 0, 2, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12)
}
