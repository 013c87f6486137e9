import Foundation
import TestSupport
import Testing

/// Bundles in images of discs, read in place by every command that reads bundles.
@Suite(.enabled(if: Toolbox.has("xorriso"))) struct DiscReadingTests {
    private let scene: DiscScene

    init() async throws { scene = try await DiscScene() }

    private func path(_ name: String) -> String { scene.program.directory.path(name) }

    /// An image by another program than ours.
    private func mkisofs(_ name: String, _ options: String...) async throws {
        try await Command("xorriso", ["-as", "mkisofs", "-quiet", "-o", path(name)] + options + [path("bundle")])
            .check()
    }

    private func verify(_ name: String, _ more: String...) async throws -> CommandResult {
        try await scene.program.verify(name, more: more)
    }

    @Test func `an image says the same as the directory that it was made of`() async throws {
        try await scene.iso("ours.iso").check()
        try await scene.iso("folder.iso", "--folder", "site/edge").check()
        try await mkisofs("other.iso", "-R", "-J", "-joliet-long")
        try await mkisofs("short.iso", "-R", "-J")
        let directory = try await verify("bundle", "--json")
        let inspected = try await scene.program.succeed("inspect", path("bundle"), "--json")
        for image in ["ours.iso", "folder.iso/site/edge", "folder.iso/site//edge/", "other.iso", "short.iso"] {
            let result = try await verify(image, "--json")
            #expect(result.status == .exited(0), "\(image): \(result.errorText)")
            #expect(result.outputText == directory.outputText, "\(image)")
            #expect(try await scene.program.succeed("inspect", path(image), "--json") == inspected, "\(image)")
        }
        // Nobody needs more than to read it.
        #expect(chmod(path("ours.iso"), 0o444) == 0)
        #expect(try await verify("ours.iso", "--quick").status == .exited(0))
    }

    @Test func `what an image gives is what the directory gives`() async throws {
        try await scene.iso("ours.iso", "--folder", "bundle").check()
        let image = path("ours.iso/bundle")
        for (bundle, name) in [(path("bundle"), "directory"), (image, "image")] {
            try await scene.program.succeed(
                "export", bundle, "--trust", scene.program.trusted, "--format", "oci-layout", "--output",
                path("export-" + name), "--no-progress")
            try scene.program.directory.makeDirectory("storage-" + name)
            try await scene.program.succeed(
                "load", bundle, "--trust", scene.program.trusted, "--target", "registry-dir", "--path",
                path("storage-" + name), "--state", path("state-" + name), "--no-progress")
        }
        #expect(try scene.program.tree("export-image") == scene.program.tree("export-directory"))
        #expect(try scene.program.tree("storage-image") == scene.program.tree("storage-directory"))
        try scene.program.directory.makeDirectory("storage-firstboot")
        try scene.program.directory.write(
            """
            LOAD_IMAGE=true
            BUNDLE_PATH=\(image)
            TARGET=registry-dir
            TARGET_PATH=\(path("storage-firstboot"))
            TRUST_DIR=\(path("keys"))
            STATE_DIR=\(path("state-firstboot"))

            """, to: "firstboot.env")
        let loader = URL(fileURLWithPath: Program.path).deletingLastPathComponent()
        try await Command(
            loader.appendingPathComponent("bundle-firstboot").path, ["--config", path("firstboot.env")]
        ).check()
        #expect(try scene.program.tree("storage-firstboot") == scene.program.tree("storage-directory"))
        // An image of an image.
        try await scene.iso("again.iso", bundle: "ours.iso/bundle", "--folder", "bundle").check()
        #expect(try scene.program.directory.read("again.iso") == scene.program.directory.read("ours.iso"))
    }

    @Test func `a byte that is wrong is told as in a directory`() async throws {
        try await scene.iso("ours.iso").check()
        let bytes = try scene.program.directory.read("ours.iso")
        var found = 0
        for position in stride(from: bytes.count - 400_000, to: 70_000, by: -bytes.count / 12) {
            var damaged = bytes
            damaged[position] ^= 4
            try scene.program.directory.write(damaged, to: "bad.iso")
            let result = try await verify("bad.iso", "--quick")
            #expect(result.status == .exited(4), "\(position): \(result.outputText)")
            if result.outputText.contains("blobs/sha256/") { found += 1 }
        }
        #expect(found >= 8)
    }

    @Test func `what is no whole image with a bundle ends in a sentence`() async throws {
        try await scene.iso("ours.iso", "--folder", "site").check()
        let bytes = try scene.program.directory.read("ours.iso")
        for end in [10_000, 33_000, 200_000, bytes.count - 1] {
            try scene.program.directory.write(Array(bytes[..<end]), to: "cut.iso")
            let result = try await verify("cut.iso/site")
            #expect(result.status == .exited(4), "\(end)")
            #expect(result.errorText.split(separator: "\n").count == 1, "\(result.errorText)")
        }
        for (name, code, words) in [
            ("ours.iso", 5, "ours.iso/site'"), ("ours.iso/absent", 5, "no folder '/absent'"),
            ("ours.iso/site/STATEMENT", 5, "no folder"), ("ours.iso/site/sig", 4, "is no bundle"),
            ("bundle/STATEMENT", 4, "or the image of a disc"), ("absent.iso", 5, "No such file"),
            ("absent.iso/site", 5, "No such file"),
        ] as [(String, Int32, String)] {
            let result = try await verify(name)
            #expect(result.status == .exited(code), "\(name): \(result.errorText)")
            #expect(result.errorText.contains(words), "\(name): \(result.errorText)")
        }
        let sign = try await scene.program.run("sign", path("ours.iso/site"), "--key", scene.program.key)
        #expect(sign.status == .exited(1))
        #expect(try scene.program.directory.read("ours.iso") == bytes)
        let inject = try await scene.iso("new.iso", bundle: "ours.iso/site", "--inject", path("ours.iso")).run()
        #expect(inject.status == .exited(64), "\(inject.errorText)")
        try scene.expectOnly(["ours.iso", "cut.iso"])
    }
}
