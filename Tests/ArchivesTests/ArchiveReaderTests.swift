import Archives
import DurableFiles
import TestSupport
import Testing

/// Archives of real programs, whole and cut off.
@Suite(.enabled(if: Toolbox.has("tar", "gzip", "zstd"))) struct ArchiveReaderTests {
    private let scene: ArchiveScene

    init() throws { scene = try ArchiveScene() }

    @Test(arguments: ["ustar", "gnu", "oldgnu", "pax"]) func everyFormOfTarIsRead(format: String) async throws {
        // ustar has no room for the long name.
        let exclusion = format == "ustar" ? "--exclude=nnn*" : "--exclude=nothing"
        let path = try await scene.tar("--format=" + format, exclusion)
        #expect(try scene.read(path) == scene.contents.filter { format != "ustar" || !$0.key.hasPrefix("nnn") })
    }

    @Test(arguments: ["--gzip", "--zstd"]) func compressedTarsAreRead(option: String) async throws {
        #expect(try scene.read(try await scene.tar(option)) == scene.contents)
    }

    @Test func whatIsSkippedChangesNothing() async throws {
        let path = try await scene.tar()
        let some = try scene.read(path) { $0.hasPrefix("folder") }
        #expect(some == scene.contents.filter { !$0.key.hasPrefix("folder") })
        #expect(try scene.read(path) { _ in true }.isEmpty)
    }

    @Test(arguments: [1, 511, 512, 4096, 1 << 20]) func aStreamMayComeInPieces(piece: Int) async throws {
        let bytes = try await scene.tar("--gzip").fileBytes(scene)
        var position = 0
        var reader = try ArchiveReader(stream: "a stream") { buffer in
            let count = min(piece, buffer.count, bytes.count - position)
            buffer.copyBytes(from: bytes[position..<position + count])
            position += count
            return count
        }
        #expect(try ArchiveScene.read(&reader) == scene.contents)
    }

    @Test func theErrorOfAStreamIsHandedOn() async throws {
        let bytes = try await scene.tar().fileBytes(scene)
        var position = 0
        #expect(throws: CommandError.self) {
            var reader = try ArchiveReader(stream: "a stream") { buffer in
                guard position < 600_000 else { throw CommandError(.system, "the line is down") }
                let count = min(100_000, bytes.count - position)
                buffer.copyBytes(from: bytes[position..<position + count])
                position += count
                return count
            }
            _ = try ArchiveScene.read(&reader)
        }
    }

    @Test(arguments: [true, false]) func aTarIsCutOffNowhereUnnoticed(isRead: Bool) async throws {
        let bytes = try await scene.tar("--blocking-factor=1").fileBytes(scene)
        // All but the second of the two empty blocks is needed.
        let ends =
            Array(stride(from: 0, through: 8192, by: 512))
            + Array(stride(from: 8192, to: bytes.count - 1024, by: 512 * 97))
            + [1, 513, 1_000_001, bytes.count - 1025, bytes.count - 1030]
        for end in ends {
            let path = try scene.directory.write(Array(bytes[..<end]), to: "cut.tar")
            #expect(throws: ArchiveError.self, "cut at \(end) of \(bytes.count)") {
                try scene.read(path) { _ in !isRead }
            }
        }
        let path = try scene.directory.write(Array(bytes[..<(bytes.count - 512)]), to: "cut.tar")
        #expect(try scene.read(path) == scene.contents)
    }

    @Test(arguments: ["--gzip", "--zstd"]) func aCompressedTarIsCutOffNowhereUnnoticed(option: String) async throws {
        let bytes = try await scene.tar(option).fileBytes(scene)
        for end in [1, 20, 1000, bytes.count / 2, bytes.count - 1000] {
            let path = try scene.directory.write(Array(bytes[..<end]), to: "cut.tar")
            #expect(throws: ArchiveError.self, "cut at \(end) of \(bytes.count)") { try scene.read(path) { _ in true } }
        }
    }

    @Test func damagedHeadersAreRefused() async throws {
        var bytes = try await scene.tar("--blocking-factor=1").fileBytes(scene)
        // Somewhere in the header of the second entry.
        bytes[512 + 100] ^= 1
        let path = try scene.directory.write(bytes, to: "damaged.tar")
        #expect(throws: ArchiveError(.damaged, "")) { try scene.read(path) }
    }

    @Test func whatIsNoArchiveIsRefused() throws {
        for bytes in [[], Array("no archive at all".utf8), [UInt8](repeating: 7, count: 100_000)] {
            let path = try scene.directory.write(bytes, to: "none")
            #expect(throws: ArchiveError(.unsupported, "")) { try scene.read(path) }
        }
    }

    @Test(arguments: ["gnu", "pax"]) func sparseFilesAreRefused(format: String) async throws {
        try await Command("truncate", ["-s", "3M", scene.directory.path("root/sparse")]).check()
        let path = try await scene.tar("--sparse", "--format=" + format)
        #expect(throws: ArchiveError(.unsupported, "")) { try scene.read(path) { _ in true } }
    }

    @Test func linksAndSpecialFilesAreTold() async throws {
        let root = scene.directory.path("root")
        try await Command("ln", ["a", "hard"], workingDirectory: root).check()
        try await Command("ln", ["-s", "../block", "folder/soft"], workingDirectory: root).check()
        try await Command("mkfifo", ["pipe"], workingDirectory: root).check()
        var reader = try ArchiveReader(scene.open(try await scene.tar()))
        var kinds: [String: ArchiveEntry.Kind] = [:]
        while let entry = try reader.next() { kinds[try entry.name()] = entry.kind }
        #expect(kinds[""] == .directory && kinds["folder/deeper"] == .directory)
        #expect(kinds["a"] == .file && kinds["hard"] == .hardLink(Array("./a".utf8)))
        #expect(kinds["folder/soft"] == .symbolicLink(Array("../block".utf8)))
        #expect(kinds["pipe"] == .other)
    }

    @Test func aLimitIsCheckedBeforeTheBytes() async throws {
        var reader = try ArchiveReader(scene.open(try await scene.tar()))
        while let entry = try reader.next(), entry.size < 4096 {}
        #expect(throws: ArchiveError(.overLimit, "")) { try reader.bytes(limit: 4096) }
    }
}

extension String {
    /// The bytes of the file at this path in the scene.
    fileprivate func fileBytes(_ scene: ArchiveScene) throws -> [UInt8] {
        try scene.directory.read(String(dropFirst(scene.directory.path.count + 1)))
    }
}
