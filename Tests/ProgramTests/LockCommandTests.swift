import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle lock`, and builds with a lock.
@Suite(.serialized, .enabled(if: Toolbox.has("docker-registry", "curl"))) struct LockCommandTests {
    private static func registry(_ names: [String: UInt64]) async throws -> (DockerRegistry, [String: Digest]) {
        let registry = try await DockerRegistry()
        var digests: [String: Digest] = [:]
        for (name, seed) in names { digests[name] = try await push(name, seed: seed, to: registry) }
        return (registry, digests)
    }

    @discardableResult
    private static func push(_ name: String, seed: UInt64, to registry: DockerRegistry) async throws -> Digest {
        var images = ImageSet()
        images.add(try await ImageFactory.small(seed: seed), tag: "image")
        return try await Push.requests(images, tag: "image", as: name, to: registry).digest
    }

    private static func entries(_ program: Program, _ path: String) throws -> [String: String] {
        let node = try JSONNode(parsing: try program.directory.read(path))
        try node.allowOnly(["format", "images"])
        #expect(try node.member("format").integer(in: 1...1) == 1)
        var entries: [String: String] = [:]
        for image in try node.member("images").elements() {
            try image.allowOnly(["digest", "image", "mediaType", "size"])
            entries[try image.member("image").string()] = try image.member("digest").string()
        }
        return entries
    }

    @Test func `a lock has the digest of every tag, on standard output and in the file`() async throws {
        let (registry, digests) = try await Self.registry(["a:1": 1, "b:2": 2])
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("a:1"))\n  - \(registry.reference("b:2"))")
        let output = try await program.succeed("lock", spec)
        let expected = [
            registry.reference("a:1"): digests["a:1"]?.description,
            registry.reference("b:2"): digests["b:2"]?.description,
        ]
        #expect(try Self.entries(program, "spec.lock.json") == expected.compactMapValues(\.self))
        for (name, digest) in expected { #expect(output.contains("\(digest ?? "?")  \(name)\n")) }
        let first = try program.directory.read("spec.lock.json")
        try await program.succeed("lock", spec, "--output", program.directory.path("other.json"))
        #expect(try program.directory.read("other.json") == first)
    }

    @Test func `a tag that moved after the lock is built as it was locked`() async throws {
        let (registry, digests) = try await Self.registry(["a:1": 1])
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("a:1"))")
        try await program.succeed("lock", spec)
        let moved = try await Self.push("a:1", seed: 2, to: registry)
        #expect(moved != digests["a:1"])
        let lock = try program.directory.read("spec.lock.json")
        try await program.build(spec)
        #expect(try await program.roots() == [digests["a:1"]?.description].compactMap(\.self))
        #expect(try program.directory.read("spec.lock.json") == lock)
        try await program.succeed("lock", spec)
        try await program.build(spec)
        #expect(try await program.roots() == [moved.description])
        try await program.expectWhole()
    }

    @Test func `a build without a lock writes one, and the next build keeps to it`() async throws {
        let (registry, digests) = try await Self.registry(["a:1": 1])
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("a:1"))")
        let first = try await program.build(spec)
        #expect(first.errorText.contains("wrote") && program.exists("spec.lock.json"))
        try await Self.push("a:1", seed: 2, to: registry)
        let second = try await program.build(spec, output: "second")
        #expect(!second.errorText.contains("wrote"))
        #expect(try await program.roots("second") == [digests["a:1"]?.description].compactMap(\.self))
        #expect(try program.tree("second") == program.tree())
    }

    @Test func `a lock that is named must be there, and a dry run writes none`() async throws {
        let (registry, _) = try await Self.registry(["a:1": 1])
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("a:1"))")
        let named = program.directory.path("named.json")
        for more in [
            ["--dry-run"], ["--pull-only"], ["--output", program.directory.path("bundle"), "--key", program.key],
        ] {
            let result = try await program.command(["build", spec, "--lock", named] + more).run()
            #expect(result.status == .exited(64))
            #expect(result.errorText.contains("bundle lock \(spec) --output \(named)\n"))
        }
        try await program.succeed("build", spec, "--dry-run")
        #expect(program.hasNoBundle() && !program.exists("spec.lock.json") && !program.exists("named.json"))
        try await program.succeed("build", spec, "--pull-only")
        #expect(program.exists("spec.lock.json"))
        try await program.succeed("lock", spec, "--output", named)
        try await program.build(spec, more: ["--lock", named])
    }

    @Test func `a lock that does not fit the spec is refused before anything is pulled`() async throws {
        let (registry, _) = try await Self.registry(["a:1": 1, "b:2": 2])
        let program = try await Program()
        try await program.succeed("lock", try program.spec("  - \(registry.reference("a:1"))"))
        for images in [["b:2"], ["a:1", "b:2"]] {
            let spec = try program.spec(images.map { "  - \(registry.reference($0))" }.joined(separator: "\n"))
            let text = try await program.fail(
                64, "build", spec, "--output", program.directory.path("bundle"), "--key", program.key)
            #expect(text.contains("b:2") && text.contains("bundle lock"))
            #expect(program.hasNoBundle())
        }
        let spec = try program.spec("  - \(registry.reference("a:1"))")
        for bytes in ["", "{}", "{\"format\":2,\"images\":[]}", "not json"] {
            try program.directory.write(bytes, to: "spec.lock.json")
            try await program.fail(
                64, "build", spec, "--output", program.directory.path("bundle"), "--key", program.key)
        }
    }

    @Test func `a locked digest that the registry no longer has is not found`() async throws {
        let (registry, digests) = try await Self.registry(["a:1": 1])
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("a:1"))")
        try await program.succeed("lock", spec)
        let text = String(decoding: try program.directory.read("spec.lock.json"), as: UTF8.self)
        let digest = try #require(digests["a:1"])
        let other = digest.hex.hasPrefix("0") ? "1" + digest.hex.dropFirst() : "0" + digest.hex.dropFirst()
        try program.directory.write(text.replacingOccurrences(of: digest.hex, with: other), to: "spec.lock.json")
        try await program.fail(5, "build", spec, "--output", program.directory.path("bundle"), "--key", program.key)
        #expect(program.hasNoBundle())
    }
}
