import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// Signatures, attestations and SBOMs, from one registry through a bundle into others, as people do it.
@Suite(.enabled(if: Toolbox.has("docker-registry", "curl"))) struct ReferrerTests {
    private let program: Program
    private let signed: SignedImages
    private let source: DockerRegistry

    init() async throws {
        program = try await Program()
        signed = try await SignedImages()
        source = try await DockerRegistry()
        try await Push.requests(signed, as: "team/app", to: source)
        try await build()
    }

    private func build(_ more: String = "", version: Int = 1, output: String = "bundle") async throws {
        let spec = try program.spec(
            "  - image: \(source.host)/team/app:app\n\(more)", name: "spec-\(version).yaml", version: version,
            platforms: "linux/amd64, linux/arm64")
        try await program.build(spec, output: output)
    }

    private func push(to registry: DockerRegistry, _ more: String...) async throws -> JSONNode {
        let result = try await program.command(
            [
                "push", program.directory.path("bundle"), "--trust", program.trusted, "--to", registry.host,
                "--no-progress", "--json",
            ] + more
        ).check()
        return try JSONNode(parsing: result.output)
    }

    /// What a registry answers; nil where it has nothing of the kind.
    private func get(_ path: String, of host: String) async throws -> [UInt8]? {
        let result = try await Command(
            "curl",
            [
                "--silent", "--show-error", "--fail", "--header", "Accept: \(MediaType.ociIndex)", "--header",
                "Accept: \(MediaType.ociManifest)", "http://\(host)/v2/\(path)",
            ]
        ).run()
        return result.status == .exited(0) ? result.output : nil
    }

    /// The entries of a list, in canonical form.
    private func entries(_ list: [UInt8]?) throws -> Set<[UInt8]> {
        Set(
            try JSONNode(parsing: try #require(list)).member("manifests").elements().map {
                JSONWriter.canonical($0.value)
            })
    }

    /// Demands that a registry has everything that points to the image, byte for byte, and lists it by tag.
    private func expectReferrers(
        in host: String, _ repository: String = "team/app", byTag: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var manifests = [signed.root, signed.amd64, signed.arm64, signed.attestation, signed.cosign]
        manifests += signed.lists.values.joined()
        for descriptor in manifests {
            let found = try await get("\(repository)/manifests/\(descriptor.digest)", of: host)
            #expect(found == signed.images.blobs[descriptor.digest], sourceLocation: sourceLocation)
            guard let found,
                case .manifest(let manifest) = try ImageDocument(
                    parsing: found, mediaType: descriptor.mediaType)
            else { continue }
            for blob in [manifest.config] + manifest.layers {
                let bytes = try await get("\(repository)/blobs/\(blob.digest)", of: host)
                #expect(bytes == signed.images.blobs[blob.digest], sourceLocation: sourceLocation)
            }
        }
        let tag = ReferrerTag.cosign("sig", of: signed.root.digest)
        #expect(
            try await get("\(repository)/manifests/\(tag)", of: host) == signed.images.blobs[signed.cosign.digest],
            sourceLocation: sourceLocation)
        for subject in signed.lists.keys {
            let path = byTag ? "manifests/\(ReferrerTag.list(of: subject))" : "referrers/\(subject)"
            #expect(
                try entries(await get("\(repository)/\(path)", of: host)) == entries(signed.list(of: subject)),
                sourceLocation: sourceLocation)
        }
    }

    /// Every file that a registry stores, with its inode and time.
    private func files(_ storage: String) async throws -> Set<Substring> {
        let text = try await Command("find", [storage, "-type", "f", "-printf", "%p %i %T@\n"]).check().outputText
        return Set(text.split(separator: "\n"))
    }

    @Test func `everything arrives in the site's registry, and a second push sends nothing`() async throws {
        let site = try await DockerRegistry()
        let first = try await push(to: site)
        #expect(try first.member("names").elements().allSatisfy { try $0.member("result").string() == "pushed" })
        try await expectReferrers(in: site.host)
        let before = try await files(site.storage)
        let second = try await push(to: site)
        #expect(try second.member("names").elements().allSatisfy { try $0.member("result").string() == "present" })
        #expect(try second.member("sent").integer(in: 0...Int64.max) == 0)
        #expect(try await files(site.storage) == before)
        // Under another name and of one image alone: they follow it.
        let renamed = try await DockerRegistry()
        _ = try await push(
            to: renamed, "--rename", "team/app=shop/front", "--image", "\(source.host)/team/app:app")
        try await expectReferrers(in: renamed.host, "shop/front")
        // A list that was lost comes again, although all that it lists is there.
        let folder = "docker/registry/v2/repositories/team/app/_manifests/tags/"
        try FileManager.default.removeItem(
            atPath: "\(site.storage)/\(folder)\(ReferrerTag.list(of: signed.amd64.digest))")
        _ = try await push(to: site)
        try await expectReferrers(in: site.host)
    }

    @Test func `what the site has attached itself stays`() async throws {
        let site = try await DockerRegistry()
        var images = signed.images
        let own = images.addArtifact(
            type: "application/x-site", content: Array("approved".utf8),
            subject: Descriptor(mediaType: .ociIndex, digest: signed.root.digest, size: signed.root.size), tag: "own")
        try await Push.requests(images, tag: "own", as: "team/app", to: site)
        let entry = JSONValue.object([
            "annotations": .object(["by": .string("site")]), "digest": .string(own.digest.description),
            "future": .array([.null]), "mediaType": .string(own.mediaType.rawValue), "size": .integer(own.size),
        ])
        let tag = ReferrerTag.list(of: signed.root.digest)
        images.name(images.add(SignedImages.list([entry]), mediaType: .ociIndex), tag: tag)
        try await Push.requests(images, tag: tag, as: "team/app:\(tag)", to: site)
        // And one of cosign's tags, which a release must not take from the site.
        let cosignTag = ReferrerTag.cosign("sig", of: signed.root.digest)
        try await Push.requests(images, tag: "own", as: "team/app:\(cosignTag)", to: site)
        _ = try await push(to: site)
        let found = try await get("team/app/manifests/\(tag)", of: site.host)
        #expect(
            try entries(found)
                == entries(signed.list(of: signed.root.digest)).union([JSONWriter.canonical(entry)]))
        #expect(
            try await get("team/app/manifests/\(cosignTag)", of: site.host) == images.blobs[own.digest])
        _ = try await push(to: site, "--tags", "move")
        #expect(
            try await get("team/app/manifests/\(cosignTag)", of: site.host) == images.blobs[signed.cosign.digest])

        // A tag of that name that is no list is nobody's to replace.
        let other = try await DockerRegistry()
        try await Push.requests(images, tag: "own", as: "team/app:\(tag)", to: other)
        let refused = try await program.command([
            "push", program.directory.path("bundle"), "--trust", program.trusted, "--to", other.host,
        ]).run()
        #expect(refused.status == .exited(8) && refused.errorText.contains(tag))
        #expect(try await get("team/app/manifests/app", of: other.host) == nil)
    }

    @Test func `a served bundle lists them, and the next bundle takes them from there`() async throws {
        let server = try await RunningServe(program)
        try await expectReferrers(in: server.host, byTag: false)
        let spec = try program.spec(
            "  - image: \(server.host)/team/app:app", name: "again.yaml", platforms: "linux/amd64, linux/arm64")
        try await program.build(spec, output: "again")
        let (first, second) = (try await roots("bundle"), try await roots("again"))
        #expect(first == second && first.count == 6)
    }

    private func roots(_ output: String) async throws -> Set<String> { Set(try await program.roots(output)) }

    @Test(.enabled(if: Toolbox.hasDockerDaemon)) func `docker is not sent them`() async throws {
        let daemon = try await DockerDaemon()
        let result = try await program.command([
            "load", program.directory.path("bundle"), "--trust", program.trusted, "--target", "docker", "--host",
            daemon.socket, "--state", program.directory.path("state"), "--no-progress", "--json",
        ]).check()
        let images = try JSONNode(parsing: result.output).member("images").elements()
        #expect(try images.map { try $0.member("result").string() } == ["loaded"])
        #expect(
            try await daemon.docker("images", "--format", "{{.Repository}}:{{.Tag}}")
                .split(separator: "\n").map(String.init) == ["\(source.host)/team/app:app"])
        await daemon.stop()
    }

    @Test func `people see them, auditors check them, and engines do not get them`() async throws {
        let images = try await program.inspect().member("images").elements()
        let subjects = try images.compactMap { try $0.optional("subject")?.string() }
        #expect(
            subjects.sorted()
                == ([signed.root.digest] + signed.lists.flatMap { list in list.value.map { _ in list.key } })
                .map(\.description).sorted())
        #expect(try images.contains { try $0.optional("artifactType")?.string() == "application/spdx+json" })
        #expect(
            try images.map { try $0.member("manifests").elements().map { try $0.optional("platform")?.string() } }[0]
                == ["linux/amd64", "linux/arm64", "unknown/unknown"])
        let text = try await program.succeed("inspect", program.directory.path("bundle"))
        #expect(!text.contains("  /  "))
        #expect(text.contains("about     \(signed.amd64.digest), application/spdx+json"))
        try await program.expectWhole()
        try await Command(
            "sh", [Program.root + "/docs/audit.sh", program.directory.path("bundle"), program.trusted]
        ).check()

        func export(_ format: String, _ output: String) async throws {
            try await program.succeed(
                "export", program.directory.path("bundle"), "--trust", program.trusted, "--format", format, "--output",
                program.directory.path(output), "--no-progress")
        }
        try await export("docker-archive", "docker.tar")
        let list = try await Command("tar", ["-xOf", program.directory.path("docker.tar"), "manifest.json"]).check()
        #expect(try JSONNode(parsing: list.output).elements().count == 1)
        try await export("oci-layout", "layout")
        let index = try JSONNode(parsing: try program.directory.read("layout/index.json"))
        let listed = try index.member("manifests").elements().map { try Descriptor(json: $0) }
        #expect(Set(listed.map(\.digest.description)) == (try await roots("bundle")))
        let names = listed.compactMap { $0.annotations["io.containerd.image.name"] }
        #expect(
            names.sorted()
                == [
                    "\(source.host)/team/app:app",
                    "\(source.host)/team/app:\(ReferrerTag.cosign("sig", of: signed.root.digest))",
                ].sorted())
        try await export("oci-archive", "archive.tar")
        let plain = try await Command("tar", ["-xOf", program.directory.path("archive.tar"), "index.json"]).check()
        let named = try JSONNode(parsing: plain.output).member("manifests").elements().compactMap {
            try $0.optional("annotations")?.member("org.opencontainers.image.ref.name").string()
        }
        #expect(named == ["\(source.host)/team/app:app"])
        let again = try program.spec(
            "  - image: oci-layout:./layout@\(source.host)/team/app:app\n    as: [x.example.com/a:1]",
            name: "layout.yaml", platforms: "linux/amd64, linux/arm64")
        try await program.build(again, output: "from-layout")
        #expect(try await roots("from-layout") == roots("bundle"))
    }

    @Test func `a registry's directory gets them with their lists, and gives them up with the image`() async throws {
        let storage = try program.directory.makeDirectory("storage")
        let target = [
            "--trust", program.trusted, "--target", "registry-dir", "--path", storage, "--state",
            program.directory.path("state"), "--no-progress", "--wait", "0", "--json",
        ]
        func prune(_ bundle: String) async throws -> [String: Int] {
            let result = try await program.command(
                ["prune", program.directory.path(bundle), "--yes"] + target
            ).check()
            return try JSONNode(parsing: result.output).member("images").elements().reduce(into: [:]) {
                $0[try $1.member("result").string(), default: 0] += 1
            }
        }
        func load(_ bundle: String) async throws -> [String] {
            let result = try await program.command(["load", program.directory.path(bundle)] + target).check()
            return try JSONNode(parsing: result.output).member("images").elements()
                .map { try $0.member("result").string() }
        }
        #expect(try await Set(load("bundle")) == ["loaded"])
        do {
            let registry = try await DockerRegistry(storage: storage)
            try await expectReferrers(in: registry.host)
            try await registry.collectGarbage()
            try await expectReferrers(in: registry.host)
            await registry.stop()
        }
        let before = try await files(storage)
        #expect(try await Set(load("bundle")) == ["present"])
        #expect(try await files(storage) == before)

        // The next release has one more signature: the list is another one, and what it replaced goes with the image.
        var images = signed.images
        let more = images.addArtifact(
            type: "application/x-more", content: Array("more".utf8),
            subject: Descriptor(mediaType: .ociIndex, digest: signed.root.digest, size: signed.root.size), tag: "more")
        try await Push.requests(images, tag: "more", as: "team/app", to: source)
        let tag = ReferrerTag.list(of: signed.root.digest)
        images.name(
            images.add(SignedImages.list([signed.entry(signed.signature), more.json]), mediaType: .ociIndex), tag: tag)
        try await Push.requests(images, tag: tag, as: "team/app:\(tag)", to: source)
        try await build(version: 2, output: "second")
        #expect(try await load("second").filter { $0 == "loaded" }.count == 1)
        #expect(try await prune("second") == ["keep": 7])
        // The one after has another image, and nothing that points to it.
        try await Push.requests(try await ImageFactory.make(.sharedBase), tag: "one", as: "other/one:1", to: source)
        let spec = try program.spec("  - image: \(source.host)/other/one:1", name: "third.yaml", version: 3)
        try await program.build(spec, output: "third")
        #expect(try await load("third") == ["loaded"])
        #expect(try await prune("third") == ["keep": 1, "remove": 7])
        let left = try await files(storage)
        #expect(!left.contains { $0.contains("team/app") }, "\(left)")
        // Three layers, a config and a manifest.
        #expect(left.filter { $0.contains("/data ") }.count == 5, "\(left)")
    }
}
