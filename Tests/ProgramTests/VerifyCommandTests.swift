import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle verify` and `bundle inspect`.
@Suite struct VerifyCommandTests {
    private static func bundle() async throws -> (Program, ImageSet) {
        let program = try await Program()
        let images = try await ImageFactory.write(.compressions, to: program.directory.path("layout"))
        let lines = ["none", "gzip1", "zstd"].map { "  - image: oci-layout:./layout@\($0)\n    as: [local/\($0):1]" }
        try await program.build(try program.spec(lines.joined(separator: "\n")))
        return (program, images)
    }

    private static func packPath(_ program: Program) throws -> String {
        let largest = try program.tree().filter { $0.key.hasPrefix("blobs/sha256/") }.max {
            $0.value.count < $1.value.count
        }
        return "bundle/" + (try #require(largest).key)
    }

    @Test func `a whole bundle is reported as such, in words and in JSON`() async throws {
        let (program, _) = try await Self.bundle()
        let text = try await program.verify().outputText
        #expect(text.contains("OK: every layer comes back; 3 images, 3 layers"))
        for (options, depth) in [([], "full"), (["--quick"], "quick")] {
            let result = try await program.verify(more: ["--json"] + options)
            #expect(result.status == .exited(0))
            let report = try JSONNode(parsing: result.output)
            #expect(
                try report.members().map(\.name).sorted() == [
                    "bytesRead", "channel", "created", "depth", "elsewhere", "faults", "images", "layers", "product",
                    "result", "signers", "statement", "version",
                ])
            #expect(try report.member("result").string() == "ok")
            #expect(try report.member("depth").string() == depth)
            #expect(try report.member("images").integer(in: 3...3) == 3)
            #expect(try report.member("layers").integer(in: 3...3) == 3)
            #expect(try report.member("faults").elements().isEmpty)
            #expect(try report.member("elsewhere").elements().isEmpty)
            #expect(try report.member("signers").elements().count == 1)
            let statement = try await Command.text("sha256sum", program.directory.path("bundle/STATEMENT")).prefix(64)
            #expect(try report.member("statement").string() == statement)
        }
    }

    @Test func `every fault is reported with what it affects, and the exit code is 4`() async throws {
        let (program, _) = try await Self.bundle()
        let pack = try Self.packPath(program)
        var bytes = try program.directory.read(pack)
        bytes[bytes.count / 2] ^= 1
        try program.directory.write(bytes, to: pack)
        try program.directory.write("stray", to: "bundle/stray")
        try program.remove("bundle/README.txt")
        for options in [[], ["--quick"]] {
            let result = try await program.verify(more: ["--json"] + options)
            #expect(result.status == .exited(4))
            let report = try JSONNode(parsing: result.output)
            #expect(try report.member("result").string() == "damaged")
            let faults = try report.member("faults").elements()
            let kinds = Set(try faults.map { try $0.member("kind").string() })
            #expect(kinds.isSuperset(of: ["missing", "extra"]))
            #expect(!kinds.isDisjoint(with: ["frame", "digest"]))
            for fault in faults {
                try fault.allowOnly(["frame", "images", "kind", "layers", "message", "pack", "path"])
                #expect(try !fault.member("message").string().isEmpty)
            }
            #expect(try faults.contains { try !$0.member("images").elements().isEmpty })
        }
        let text = try await program.verify().outputText
        #expect(text.contains("FAULT") && text.contains("DAMAGED: ") && text.contains("stray"))
    }

    @Test func `what nobody trusted signed is exit code 3, what is no bundle 4, what is not there 5`() async throws {
        let (program, _) = try await Self.bundle()
        let bundle = program.directory.path("bundle")
        try await program.succeed("keygen", "--output", program.directory.path("keys"), "--name", "other")
        try await program.fail(3, "verify", bundle, "--trust", program.directory.path("keys/other.pub"))
        try await program.fail(3, "verify", bundle, "--trust", program.key)
        try await program.fail(3, "verify", bundle, "--trust", program.directory.path("absent.pub"))
        try await program.fail(3, "verify", bundle, "--trust", try program.directory.makeDirectory("none"))
        try await program.refuse("verify", bundle)
        let absent = try await program.fail(5, "verify", program.directory.path("nowhere"), "--trust", program.trusted)
        #expect(absent.contains("nowhere") && absent.contains("check the path"))
        for file in ["STATEMENT", "manifest.json"].map({ bundle + "/" + $0 }) {
            let texts = [
                try await program.fail(4, "verify", file, "--trust", program.trusted),
                try await program.fail(4, "inspect", file), try await program.fail(4, "sign", file, "--external"),
            ]
            #expect(texts.allSatisfy { $0 == texts[0] && $0.contains("a bundle is a directory") })
        }
        let statement = try program.directory.read("bundle/STATEMENT")
        try program.directory.write(statement + [0x0A], to: "bundle/STATEMENT")
        try await program.fail(3, "verify", bundle, "--trust", program.trusted)
        try program.remove("bundle/STATEMENT")
        let result = try await program.verify(more: ["--json"])
        #expect(result.status == .exited(4) && result.output.isEmpty)
        try await program.fail(4, "verify", bundle, "--trust", program.trusted)
        try program.directory.write(statement, to: "bundle/STATEMENT")
        try await program.expectWhole()
    }

    @Test func `an inventory has every image, layer and size`() async throws {
        let (program, images) = try await Self.bundle()
        let inventory = try await program.inspect()
        #expect(
            try inventory.members().map(\.name).sorted() == [
                "channel", "created", "images", "packs", "product", "sizes", "version",
            ])
        let listed = try inventory.member("images").elements()
        #expect(
            try listed.map { try $0.member("reference").string() }
                == ["none", "gzip1", "zstd"].map { "oci-layout:./layout@\($0)" })
        for (image, tag) in zip(listed, ["none", "gzip1", "zstd"]) {
            try image.allowOnly(["groups", "manifests", "names", "priority", "reference", "root", "tags"])
            #expect(try image.member("root").string() == images.descriptor(tag: tag)?.digest.description)
            let manifest = try #require(try image.member("manifests").elements().first)
            #expect(try manifest.member("platform").string() == "linux/amd64")
            let layer = try #require(try manifest.member("layers").elements().first)
            let digest = try Digest(parsing: try layer.member("digest").string())
            #expect(
                try layer.member("size").integer(in: 1...Int64.max) == Int64(try #require(images.blobs[digest]).count))
            _ = try layer.member("diffID").string()
            _ = try layer.member("encoding")
        }
        let sizes = try inventory.member("sizes")
        for name in ["blobs", "bundle", "content", "images", "streams"] {
            #expect(try sizes.member(name).integer(in: 1...Int64.max) > 0)
        }
        let text = try await program.succeed("inspect", program.directory.path("bundle"))
        #expect(text.contains("verbatim zstd") && text.contains("identity") && text.contains("local/none:1"))
        try await program.fail(5, "inspect", program.directory.path("nowhere"))
        try await program.fail(4, "inspect", try program.directory.makeDirectory("empty"))
    }
}
