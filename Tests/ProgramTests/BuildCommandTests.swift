import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle build` against a real registry.
@Suite(.serialized, .enabled(if: Toolbox.has("docker-registry", "curl", "htpasswd"))) struct BuildCommandTests {
    private static func registry(
        credentials: DockerRegistry.Credentials? = nil, tls: Bool = false
    ) async throws -> (DockerRegistry, ImageSet) {
        let registry = try await DockerRegistry(credentials: credentials, tls: tls)
        let images = try await ImageFactory.make(.multiPlatform)
        try await Push.requests(images, tag: "multi", as: "team/app:1", to: registry)
        return (registry, images)
    }

    @Test func `images can be named without a spec`() async throws {
        let (registry, images) = try await Self.registry()
        let program = try await Program()
        let output = try await program.succeed(
            "build", "--image", registry.reference("team/app:1"), "--platform", "linux/arm64", "--platform",
            "linux/arm/v7", "--product", "app", "--channel", "beta", "--bundle-version", "7", "--output",
            program.directory.path("bundle"), "--key", program.key)
        #expect(output.contains("app beta 7"))
        let inventory = try await program.inspect()
        #expect(try inventory.member("product").string() == "app")
        #expect(try inventory.member("version").integer(in: 0...99) == 7)
        let image = try #require(try inventory.member("images").elements().first)
        #expect(try image.member("root").string() == images.descriptor(tag: "multi")?.digest.description)
        #expect(
            try image.member("manifests").elements().map { try $0.member("platform").string() }
                == ["linux/arm64/v8", "linux/arm/v7"])
        #expect(!FileManager.default.fileExists(atPath: program.directory.path("spec.lock.json")))
        try await program.expectWhole()
    }

    @Test func `what a dry run and a pull leave is no bundle`() async throws {
        let (registry, _) = try await Self.registry()
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("team/app:1"))")
        let cache = ["--cache", program.directory.path("cache")]
        // The third is what BuildKit attests.
        let plan = try await program.command(["build", spec, "--dry-run"] + cache).check().outputText
        #expect(plan.contains(registry.reference("team/app:1")) && plan.contains("3 layers"))
        #expect(!plan.contains(" 0 B to pull"))
        try await program.command(["build", spec, "--pull-only"] + cache).check()
        let after = try await program.command(["build", spec, "--dry-run"] + cache).check().outputText
        #expect(after.contains(" 0 B to pull"))
        #expect(program.hasNoBundle())
        // What was pulled is enough: the registry is not needed any more.
        await registry.stop()
        try await program.build(spec, more: cache)
        try await program.expectWhole()
    }

    @Test func `SOURCE_DATE_EPOCH is the time of the bundle`() async throws {
        let (registry, _) = try await Self.registry()
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("team/app:1"))")
        let arguments = ["build", spec, "--output", program.directory.path("bundle"), "--key", program.key]
        try await program.command(arguments, environment: ["SOURCE_DATE_EPOCH": "1234567890"]).check()
        #expect(try await program.inspect().member("created").string() == "2009-02-13T23:31:30Z")
        try await program.command(arguments).check()
        #expect(try await program.inspect().member("created").string() == "2024-01-02T03:04:05Z")
        for wrong in ["yesterday", "-1", "1.5", "99999999999999999999"] {
            let result = try await program.command(arguments, environment: ["SOURCE_DATE_EPOCH": wrong]).run()
            #expect(result.status == .exited(64), "\(wrong)")
        }
    }

    @Test func `a build without a key says how to make one`() async throws {
        let (registry, _) = try await Self.registry()
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("team/app:1"))")
        let text = try await program.fail(64, "build", spec, "--output", program.directory.path("bundle"))
        #expect(text.contains("bundle keygen --output"))
        #expect(program.hasNoBundle() && !program.exists("spec.lock.json"))
    }

    @Test func `command lines that make no sense are usage errors`() async throws {
        let program = try await Program()
        let spec = try program.spec("  - 127.0.0.1:1/a:1")
        let key = program.key
        try await program.refuse("build")
        try await program.refuse("build", spec, "--key", key)
        try await program.refuse("build", spec, "--image", "a:1", "--output", "x", "--key", key)
        try await program.refuse("build", spec, "--output", "x", "--key", key, "--level", "0")
        try await program.refuse("build", spec, "--output", "x", "--key", key, "--level", "23")
        try await program.refuse("build", spec, "--output", "x", "--key", key, "--jobs", "0")
        try await program.refuse("build", spec, "--output", "x", "--key", key, "--pack-size", "0")
        try await program.refuse("build", spec, "--output", "x", "--key", key, "--cert", "c.pem")
        try await program.refuse("build", spec, "--output", "x", "--key", "absent.key")
        try await program.refuse("build", spec, "--output", "x", "--key", program.trusted)
        try await program.refuse("build", spec, "--output", "x", "--key", key, "--set", "novalue")
        try await program.refuse("build", "absent.yaml", "--output", "x", "--key", key)
        try await program.refuse("build", "--image", "UPPER CASE", "--output", "x", "--key", key)
        try await program.refuse("build", "--image", "a:1", "--product", "A B", "--output", "x", "--key", key)
        try await program.refuse("build", "--image", "a:1", "--platform", "x", "--output", "x", "--key", key)
        try await program.refuse("nonsense")
        let wrong = try program.directory.write("product: p\nversion: 1\nimage: []\n", to: "wrong.yaml")
        let text = try await program.refuse("build", wrong, "--output", "x", "--key", key)
        #expect(text.contains("wrong.yaml:3:1"))
        #expect(!program.exists("x") && !program.exists("x.partial"))
    }

    @Test func `an option that would do nothing is refused`() async throws {
        let program = try await Program()
        let spec = try program.spec("  - 127.0.0.1:1/a:1")
        for option in [
            ["--platform", "linux/arm64"], ["--product", "p"], ["--channel", "stable"], ["--bundle-version", "1"],
        ] {
            let result = try await program.command(["build", spec, "--dry-run"] + option).run()
            #expect(result.status == .exited(64), "\(option)")
            #expect(result.errorText.contains("belong to --image"))
        }
        #expect(try await program.fail(64, "build", "--image", "a:1", "--dry-run", "--set", "A=b").contains("--set"))
        let described = try program.directory.write(
            "product: p\nversion: 1\nregistries:\n  127.0.0.1:1: { plain-http: true }\nimages: [\"127.0.0.1:1/a:1\"]\n",
            to: "described.yaml")
        for option in [["--plain-http"], ["--insecure-skip-tls-verify"], ["--ca-file", "ca.pem"]] {
            let result = try await program.command(["build", described, "--dry-run"] + option).run()
            #expect(result.status == .exited(64), "\(option)")
            #expect(result.errorText.contains("'registries'"))
        }
        try await program.fail(64, "lock", described, "--plain-http")
        // What the parser knows better comes first.
        #expect(try await program.refuse("build", spec, "--outptu=x", "--key", program.key).contains("'--outptu'"))
    }

    @Test func `what is named twice is refused`() async throws {
        let program = try await Program()
        let digest = "sha256:" + String(repeating: "0", count: 64)
        for (first, second) in [
            ("a:1", "a:1"), ("a:1", "docker.io/library/a:1"), ("a", "a:latest"), ("a:1", "a:1@\(digest)"),
        ] {
            let text = try await program.fail(64, "build", "--image", first, "--image", second, "--dry-run")
            #expect(text.contains("'\(first)'") && text.contains("'\(second)'"))
        }
        try await program.fail(
            64, "build", "--image", "a:1", "--dry-run", "--platform", "linux/amd64", "--platform", "linux/amd64")
        let copy = try program.directory.write(try program.directory.read("keys/release.key"), to: "copy.key")
        let spec = try program.spec("  - 127.0.0.1:1/a:1")
        let text = try await program.fail(64, "build", spec, "--output", "x", "--key", program.key, "--key", copy)
        #expect(text.contains(program.key) && text.contains(copy))
    }

    @Test func `an image layout is for specs`() async throws {
        let program = try await Program()
        let text = try await program.fail(64, "build", "--image", "oci-layout:dir@a", "--dry-run")
        #expect(text.contains("spec"))
    }

    @Test func `an image or a platform that is not there is exit code 5`() async throws {
        let (registry, _) = try await Self.registry()
        let program = try await Program()
        let output = program.directory.path("bundle")
        let absent = try program.spec("  - \(registry.reference("team/other:1"))", name: "absent.yaml")
        try await program.fail(5, "build", absent, "--output", output, "--key", program.key)
        try await program.fail(5, "lock", absent)
        let platform = try program.spec(
            "  - \(registry.reference("team/app:1"))", name: "platform.yaml", platforms: "linux/riscv64")
        let text = try await program.fail(5, "build", platform, "--output", output, "--key", program.key)
        #expect(text.contains("linux/riscv64") && text.contains("linux/amd64"))
        #expect(program.hasNoBundle())
    }

    @Test func `a registry that is down is exit code 8`() async throws {
        let (registry, _) = try await Self.registry()
        await registry.stop()
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("team/app:1"))")
        let text = try await program.fail(
            8, "build", spec, "--output", program.directory.path("bundle"), "--key", program.key)
        #expect(text.contains("the connection to http://\(registry.host) failed: it was refused; is the registry"))
        #expect(program.hasNoBundle())
    }

    @Test func `an image that contradicts its own digests is exit code 8, with one sentence`() async throws {
        let registry = try await LyingRegistry()
        let program = try await Program()
        let image = try await ImageFactory.small(seed: 5)
        var images = ImageSet()
        images.add(image, tag: "1")
        let config = String(decoding: image.config, as: UTF8.self).replacingOccurrences(
            of: image.layers[0].diffID.description, with: image.layers[0].digest.description)
        let wrong = images.add(Array(config.utf8), mediaType: .ociConfig)
        let manifest = ImageFixture.manifest(config: wrong, layers: image.layers.map { $0.descriptor(.oci) })
        images.name(images.add(manifest, mediaType: .ociManifest), tag: "diffid")
        registry.serve(images, repository: "team/app")
        let output = program.directory.path("bundle")
        let layer = LyingRegistry.blobPath("team/app", image.layers[0].digest)
        for (tag, body) in [("diffid", nil), ("1", image.layers[0].blob + [0]), ("1", Array("no layer".utf8))] {
            registry.fault(on: layer) { _, _ in body.map { .body($0) } ?? .none }
            let text = try await program.fail(
                8, "build", "--image", "\(registry.host)/team/app:\(tag)", "--platform", "linux/amd64", "--output",
                output, "--key", program.key, "--cache", program.directory.path("cache-\(tag)"))
            #expect(text.contains("team/app:\(tag)"))
            #expect(program.hasNoBundle())
            try program.remove("cache-\(tag)")
        }
        await registry.shutdown()
    }

    @Test func `a registry that asks for a user gets it from the environment`() async throws {
        let (registry, _) = try await Self.registry(credentials: .init(username: "robot", password: "p:ä$ word"))
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("team/app:1"))")
        let arguments = ["build", spec, "--output", program.directory.path("bundle"), "--key", program.key]
        for environment in [[:], ["REGISTRY_USERNAME": "robot", "REGISTRY_PASSWORD": "wrong"]] {
            let result = try await program.command(arguments, environment: environment).run()
            #expect(result.status == .exited(8), "\(result.errorText)")
            #expect(!result.errorText.contains("wrong\""))
            #expect(program.hasNoBundle())
        }
        let right = ["REGISTRY_USERNAME": "robot", "REGISTRY_PASSWORD": "p:ä$ word"]
        let result = try await program.command(arguments, environment: right).check()
        #expect(!(result.errorText + result.outputText).contains("p:ä$ word"))
        try await program.expectWhole()
    }

    @Test func `a registry with TLS is believed by its authority only`() async throws {
        let (registry, _) = try await Self.registry(tls: true)
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("team/app:1"))")
        let arguments = ["build", spec, "--output", program.directory.path("bundle"), "--key", program.key]
        #expect(try await program.command(arguments).run().status == .exited(8))
        #expect(program.hasNoBundle())
        let authority = try #require(registry.authorityFile)
        try await program.command(arguments + ["--ca-file", authority]).check()
        try await program.expectWhole()
        try await program.command(
            arguments + ["--insecure-skip-tls-verify", "--cache", program.directory.path("cold")]
        ).check()
    }

    @Test func `what is at the output is refused, replaced or busy`() async throws {
        let (registry, _) = try await Self.registry()
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("team/app:1"))")
        try program.directory.makeDirectory("full")
        try program.directory.write("mine", to: "full/file")
        try await program.fail(64, "build", spec, "--output", program.directory.path("full"), "--key", program.key)
        #expect(try program.tree("full").keys.sorted() == ["file"])
        try await program.build(spec)
        try await program.build(
            try program.spec("  - \(registry.reference("team/app:1"))", name: "two.yaml", version: 2))
        #expect(try await program.inspect().member("version").integer(in: 0...9) == 2)
        #expect(!program.exists("bundle.partial"))
        // `flock` holds the lock that another build would.
        try program.directory.makeDirectory("busy.partial")
        let holder = try Command(
            "flock", ["--no-fork", program.directory.path("busy.partial"), "sh", "-c", "echo locked; exec sleep 600"]
        ).start()
        while holder.output().isEmpty, holder.status == nil { await Task.yield() }
        let text = try await program.fail(
            1, "build", spec, "--output", program.directory.path("busy"), "--key", program.key)
        #expect(text.contains("another build"))
        holder.kill()
        await holder.waitForEnd()
        try await program.build(spec, output: "busy")
    }

    @Test func `the cache lies where the XDG directories say`() async throws {
        let (registry, _) = try await Self.registry()
        let program = try await Program()
        let spec = try program.spec("  - \(registry.reference("team/app:1"))")
        try await program.build(spec)
        #expect(program.exists("home/.cache/bundle/v1/blobs"))
        let arguments = ["build", spec, "--output", program.directory.path("bundle"), "--key", program.key]
        try await program.command(arguments, environment: ["XDG_CACHE_HOME": program.directory.path("xdg")]).check()
        #expect(program.exists("xdg/bundle/v1/blobs"))
    }
}
