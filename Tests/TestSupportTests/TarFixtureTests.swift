import OCI
import TestSupport
import Testing

@Suite struct TarFixtureTests {
    @Test(.enabled(if: Toolbox.has("tar")))
    func `GNU tar reads every kind of entry back`() async throws {
        let long = String(repeating: "d/", count: 150) + "f"
        let tar = TarFixture.tar([
            .directory("a"), .file("a/f", "text").with { $0.mode = 0o600 }, .hardLink("a/h", to: "a/f"),
            .symbolicLink("a/s", to: "f"), .init("a/c", .characterDevice(major: 1, minor: 3)), .init("a/p", .pipe),
            .whiteout("a/gone"), .opaqueWhiteout("a"), .file(long, "deep"),
            .file("a/x", "x").with { $0.attributes = ["user.k": [1, 10, 0, 2]] },
        ])
        let names = try await Command("tar", ["--list", "--file=-"], input: tar).check().outputText
        #expect(
            names.split(separator: "\n")
                == ["a/", "a/f", "a/h", "a/s", "a/c", "a/p", "a/.wh.gone", "a/.wh..wh..opq", Substring(long), "a/x"])
        let details = try await Command(
            "tar", ["--list", "-v", "--xattrs", "--xattrs-include=*", "-v", "--file=-"], input: tar
        )
        .check().outputText
        #expect(details.contains("-rw-------"))
        #expect(details.contains("link to a/f"))
        #expect(details.contains("1,3"))
        #expect(details.contains("user.k"))
    }

    @Test(
        .enabled(if: Toolbox.has("gzip", "zstd")),
        arguments: [
            (LayerFixture.Compression.gzip(level: 1), "gzip"), (.gzip(level: 9), "gzip"), (.gzipMembers(3), "gzip"),
            (.zstd(level: 3), "zstd"),
        ])
    func `a blob holds its tar`(compression: LayerFixture.Compression, program: String) async throws {
        let layer = try await ImageFactory.files(seed: 1, count: 3, size: 9_000, compression: compression)
        #expect(try await Command(program, ["-dc"], input: layer.blob).check().output == layer.tar)
        #expect(layer.digest != layer.diffID.digest)
    }

    @Test func `a scenario is the same every time`() async throws {
        let first = try await ImageFactory.make(.compressions)
        let second = try await ImageFactory.make(.compressions)
        #expect(first.blobs == second.blobs)
        #expect(first.names.map(\.descriptor) == second.names.map(\.descriptor))
    }
}
