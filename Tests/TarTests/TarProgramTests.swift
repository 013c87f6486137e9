import Tar
import TestSupport
import Testing

/// Archives as the program tar writes them, and its own word on what is in them.
@Suite(.enabled(if: Toolbox.has("tar"))) struct TarProgramTests {
    private let directory: TemporaryDirectory
    private let contents: [String: [UInt8]]

    init() async throws {
        directory = try TemporaryDirectory()
        var random = DeterministicRandom(seed: 4)
        try directory.makeDirectory("root/folder")
        var contents: [String: [UInt8]] = [:]
        for size in [1, 511, 512, 513, 1024, 70_000] { contents["f\(size)"] = random.bytes(size) }
        contents["folder/text"] = random.text(3000)
        contents[String(repeating: "n", count: 90)] = random.bytes(33)
        for (name, bytes) in contents { try directory.write(bytes, to: "root/" + name) }
        try directory.write([UInt8](), to: "root/empty")
        self.contents = contents
        let root = directory.path("root")
        try await Command("ln", ["f511", "hard"], workingDirectory: root).check()
        try await Command("ln", ["-s", "f511", "soft"], workingDirectory: root).check()
        try await Command("mkfifo", ["pipe"], workingDirectory: root).check()
    }

    private func tar(_ arguments: String...) async throws -> TarTrace { try await tar(arguments) }

    private func tar(_ arguments: [String]) async throws -> TarTrace {
        let all = ["--sort=name", "-C", directory.path("root"), "-cf", "-"] + arguments
        let output = try await Command("tar", all).check().output
        let trace = TarTrace(output)
        #expect(trace.bytes == output)
        #expect(trace.complaints.isEmpty)
        #expect(TarTrace(output, pieces: [1, 1000, 513]) == trace)
        return trace
    }

    private func expectAll(_ trace: TarTrace) {
        #expect(trace.lostCount == 0)
        #expect(Set(trace.contents) == Set(contents.values))
        #expect(trace.contents.count == contents.count)
    }

    @Test(arguments: ["v7", "ustar", "gnu", "oldgnu", "pax"]) func everyFormatIsFollowed(format: String) async throws {
        // The oldest format knows no pipes.
        expectAll(try await tar(["--format=" + format] + (format == "v7" ? ["--exclude=pipe", "."] : ["."])))
    }

    @Test(arguments: ["gnu", "pax"]) func longNamesAndLinksAreMetadata(format: String) async throws {
        let long = (0..<4).map { _ in String(repeating: "d", count: 120) }.joined(separator: "/")
        try directory.makeDirectory("root/" + long)
        try directory.write([1, 2, 3], to: "root/\(long)/file")
        try await Command("ln", ["-s", long, directory.path("root/long-link")]).check()
        let trace = try await tar("--format=" + format, ".")
        #expect(trace.lostCount == 0)
        #expect(Set(trace.contents) == Set(contents.values).union([[1, 2, 3]]))
    }

    @Test(arguments: [["--format=pax", "--sparse"], ["--format=gnu", "--sparse"], ["--format=gnu"]])
    func sparseFilesLoseNoByte(arguments: [String]) async throws {
        let name = directory.path("root/sparse")
        try await Command("truncate", ["-s", "3M", name]).check()
        for position in 0..<30 {
            try await Command(
                "dd", ["of=" + name, "bs=4096", "seek=\(position * 20)", "conv=notrunc"],
                input: Array("data \(position)".utf8)
            ).check()
        }
        let output = try await Command(
            "tar", ["-C", directory.path("root"), "-cf", "-"] + arguments + ["sparse", "f513"]
        ).check().output
        let trace = TarTrace(output)
        #expect(trace.bytes == output)
        #expect(trace.complaints.isEmpty)
        // Whatever the map of holes did, the scanner is on the right way again at the next entry.
        #expect(trace.contents.last == contents["f513"])
    }

    @Test func recordsOfOwnersAndTimesAreMetadata() async throws {
        expectAll(
            try await tar(
                "--format=pax", "--pax-option=delete=atime,globexthdr.comment=hello,SCHILY.xattr.user.a:=value",
                "--owner=\(String(repeating: "o", count: 200)):99999999", "--mtime=2024-01-01T00:00:00.123456789Z", ".")
        )
    }

    @Test func aVolumeLabelIsMetadata() async throws { expectAll(try await tar("--format=gnu", "--label=volume", ".")) }

    @Test func blocksOfAnySizeEndTheArchive() async throws {
        for factor in [1, 20, 64] { expectAll(try await tar("--blocking-factor=\(factor)", ".")) }
    }

    @Test func devicesAreMetadata() async throws {
        let output = try await Command("tar", ["-C", "/dev", "-cf", "-", "null", "zero"]).check().output
        #expect(TarTrace(output).parts == [.metadata(output.count)])
    }

    @Test func theFixtureIsWhatTheProgramReads() async throws {
        let path = try directory.write(TarScannerTests.archive, to: "fixture.tar")
        let lines = try await Command.text("tar", "-tvf", path).split(separator: "\n")
        let sizes = lines.filter { $0.hasPrefix("-") }.compactMap { line in
            line.split(separator: " ").dropFirst(2).first.flatMap { Int64($0) }
        }
        #expect(sizes.filter { $0 > 0 } == TarScannerTests.sizes)
    }
}
