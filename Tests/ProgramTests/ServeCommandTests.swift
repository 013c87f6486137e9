import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle serve`, asked by the programs that it is for.
@Suite(.enabled(if: Toolbox.has("curl"))) struct ServeCommandTests {
    private let scene: ExportScene
    private var directory: TemporaryDirectory { scene.program.directory }

    init() async throws { scene = try await ExportScene() }

    @Test(.enabled(if: Toolbox.has("skopeo"))) func `skopeo gets every document and blob as it was`() async throws {
        let server = try await RunningServe(scene.program)
        for tag in ["plain", "packed", "multi", "sbom"] {
            try await scene.expectSource(tag, at: "docker://\(server.host)/local/\(tag):1")
        }
        #expect(server.log.contains("GET /v2/local/plain/manifests/1 200"))
    }

    @Test(.enabled(if: Toolbox.hasDockerDaemon)) func `docker pulls from it, directly and as a mirror`() async throws {
        let spec = try scene.program.spec(
            "  - image: oci-layout:./layout@plain\n    as: [\"docker.io/library/plain:1\"]", name: "hub.yaml")
        try await scene.program.build(spec, output: "hub")
        let server = try await RunningServe(scene.program, bundles: ["bundle", "hub"])
        let docker = try await DockerDaemon(options: ["--registry-mirror=http://" + server.host])
        try await docker.docker("pull", "--quiet", "\(server.host)/local/multi:1")
        #expect(try await docker.docker("run", "--rm", "--network=none", "\(server.host)/local/multi:1") == "it runs")
        try await docker.docker("pull", "--quiet", "plain:1")
        let digests = try await docker.docker("inspect", "--format", "{{.RepoDigests}}", "plain:1")
        #expect(digests.contains(scene.plain.descriptor.digest.description))
        #expect(server.log.contains("/v2/library/plain/manifests/"))
    }

    @Test(.enabled(if: Toolbox.hasEngine("containerd", "ctr")))
    func `containerd pulls by the image's own name through what mirror-config writes`() async throws {
        let server = try await RunningServe(scene.program)
        try await scene.program.succeed(
            "mirror-config", "--registry", "http://" + server.host, "--upstream", "registry.example.com:5000",
            "--runtime", "containerd", "--output", directory.path("client"))
        let containerd = try await ContainerdDaemon()
        try await containerd.ctr(
            "images", "pull", "--hosts-dir", directory.path("client/etc/containerd/certs.d"), ExportScene.indexName)
        let printed = try await containerd.ctr("run", "--rm", ExportScene.indexName, "serve-" + UUID().uuidString)
        #expect(printed == "it runs")
        #expect(server.log.contains("ns=registry.example.com%3A5000"))
    }

    @Test func `ranges, heads and what is not there are answered as the protocol says`() async throws {
        let server = try await RunningServe(scene.program)
        let layer = try #require(scene.packed.layers.last)
        let blob = "/v2/local/packed/blobs/\(layer.digest)"
        let size = layer.blob.count
        let ranges: [(range: String, status: Int, expected: ArraySlice<UInt8>)] = [
            ("0-9", 206, layer.blob[..<10]), ("100-", 206, layer.blob[100...]),
            ("-7", 206, layer.blob[(size - 7)...]), ("5-999999999", 206, layer.blob[5...]),
            ("0-0,2-3", 200, layer.blob[...]), ("9-3", 200, layer.blob[...]), ("x-", 200, layer.blob[...]),
        ]
        for (range, status, expected) in ranges {
            let answer = try await server.curl(blob, "--header", "Range: bytes=\(range)")
            #expect(answer.status == status && answer.body == Array(expected), "\(range)")
            guard status == 206 else { continue }
            #expect(
                answer.head.contains(
                    "content-range: bytes \(expected.startIndex)-\(expected.endIndex - 1)/\(size)\r\n"), "\(range)")
        }
        let beyond = try await server.curl(blob, "--header", "Range: bytes=\(size)-")
        #expect(beyond.status == 416 && beyond.head.contains("content-range: bytes */\(size)\r\n"))
        let head = try await server.curl(blob, "--head")
        #expect(head.status == 200 && head.head.contains("content-length: \(size)\r\n"))
        #expect(head.head.contains("docker-content-digest: \(layer.digest)\r\n"))
        let manifest = try await server.curl("/v2/local/multi/manifests/1", "--head")
        let root = try #require(scene.images.descriptor(tag: "multi"))
        #expect(manifest.head.contains("docker-content-digest: \(root.digest)\r\n"))
        #expect(manifest.head.contains("content-type: \(root.mediaType)\r\n"))
        let byDigest = try await server.curl("/v2/local/multi/manifests/\(root.digest)")
        #expect(try byDigest.body == scene.source("multi"))
        #expect(try await server.curl("/v2/").status == 200)

        let zeros = "sha256:" + String(repeating: "0", count: 64)
        let refusals: [(path: String, method: String, status: Int, code: String)] = [
            ("/v2/local/plain/manifests/2", "GET", 404, "MANIFEST_UNKNOWN"),
            ("/v2/local/plain/manifests/\(zeros)", "GET", 404, "MANIFEST_UNKNOWN"),
            ("/v2/local/plain/manifests/sha256:1", "GET", 400, "DIGEST_INVALID"),
            ("/v2/local/plain/blobs/\(zeros)", "GET", 404, "BLOB_UNKNOWN"),
            // A blob of another repository.
            ("/v2/local/plain/blobs/\(layer.digest)", "GET", 404, "BLOB_UNKNOWN"),
            ("/v2/local/none/tags/list", "GET", 404, "NAME_UNKNOWN"), ("/v2/A/tags/list", "GET", 400, "NAME_INVALID"),
            ("/v2/../etc/tags/list", "GET", 400, "NAME_INVALID"), ("/v1/", "GET", 404, "UNSUPPORTED"),
            ("/v2/local/plain/blobs/uploads/", "POST", 405, "UNSUPPORTED"),
            ("/v2/local/plain/manifests/1", "DELETE", 405, "UNSUPPORTED"),
            ("/v2/local/plain/manifests/1", "PUT", 405, "UNSUPPORTED"),
            ("/v2/_catalog?n=x", "GET", 400, "PAGINATION_NUMBER_INVALID"),
        ]
        for (path, method, status, code) in refusals {
            let answer = try await server.curl(path, "--path-as-is", "--request", method)
            let error = try JSONNode(parsing: answer.body).member("errors").elements().first?.member("code").string()
            #expect(answer.status == status && error == code, "\(method) \(path)")
        }
    }

    @Test func `lists come in pages, and referrers by their subject`() async throws {
        let server = try await RunningServe(scene.program)
        func list(_ path: String, _ member: String) async throws -> (names: [String], head: String) {
            let answer = try await server.curl(path)
            return (try JSONNode(parsing: answer.body).member(member).elements().map { try $0.string() }, answer.head)
        }
        let all = ["local/multi", "local/packed", "local/plain", "local/sbom"]
        #expect(try await list("/v2/_catalog", "repositories").names == all)
        let first = try await list("/v2/_catalog?n=3", "repositories")
        #expect(first.names == Array(all[..<3]))
        #expect(first.head.contains("link: </v2/_catalog?n=3&last=local/plain>; rel=\"next\""))
        let rest = try await list("/v2/_catalog?n=3&last=local/plain", "repositories")
        #expect(rest.names == Array(all[3...]) && !rest.head.contains("link:"))
        #expect(try await list("/v2/_catalog?n=0", "repositories").names.isEmpty)
        #expect(try await list("/v2/_catalog?ns=other.example.com", "repositories").names.isEmpty)
        #expect(try await list("/v2/local/plain/tags/list?ns=registry.example.com:5000", "tags").names == ["1"])
        let referrers = try await server.curl("/v2/local/packed/referrers/\(scene.packed.descriptor.digest)")
        #expect(referrers.status == 200 && referrers.head.contains(MediaType.ociIndex.rawValue))
        #expect(try JSONNode(parsing: referrers.body).member("manifests").elements().isEmpty)
        let sbom = try #require(scene.images.descriptor(tag: "sbom"))
        let path = "/v2/local/sbom/referrers/\(scene.plain.descriptor.digest)"
        // It has a name of its own, and comes along with what it is about.
        for path in [path, "/v2/local/plain/referrers/\(scene.plain.descriptor.digest)"] {
            let found = try JSONNode(parsing: try await server.curl(path).body).member("manifests").elements()
            #expect(try found.map { try $0.member("digest").string() } == [sbom.digest.description])
            #expect(try found.map { try $0.member("artifactType").string() } == ["application/spdx+json"])
        }
        let filtered = try await server.curl(path + "?artifactType=text/plain")
        #expect(filtered.head.contains("oci-filters-applied: artifacttype"))
        #expect(try JSONNode(parsing: filtered.body).member("manifests").elements().isEmpty)
    }

    @Test func `a name of two hosts must say of which, and two images of one name are refused`() async throws {
        let spec = try scene.program.spec(
            "  - image: oci-layout:./layout@packed\n    as: [\"other.example.com/local/plain:1\"]", name: "other.yaml")
        try await scene.program.build(spec, output: "other")
        let server = try await RunningServe(scene.program, bundles: ["bundle", "other"])
        #expect(try await server.curl("/v2/local/plain/manifests/1").status == 404)
        #expect(server.log.contains("ask with ?ns=HOST"))
        let one = try await server.curl("/v2/local/plain/manifests/1?ns=other.example.com")
        #expect(one.body == scene.packed.manifest)
        let two = try await server.curl("/v2/local/plain/manifests/1?ns=registry.example.com:5000")
        #expect(two.body == scene.plain.manifest)
        #expect(try await server.curl("/v2/local/plain/manifests/1?ns=third.example.com").status == 404)
        // By digest nothing is in doubt.
        let digest = scene.packed.descriptor.digest
        #expect(try await server.curl("/v2/local/plain/manifests/\(digest)").body == scene.packed.manifest)

        let clash = try scene.program.spec(
            "  - image: oci-layout:./layout@packed\n    as: [\"\(ExportScene.plainName)\"]", name: "clash.yaml")
        try await scene.program.build(clash, output: "clash")
        let refused = try await scene.program.run(
            "serve", directory.path("bundle"), directory.path("clash"), "--trust", scene.program.trusted, "--listen",
            "127.0.0.1:0")
        #expect(refused.status == .exited(7) && refused.errorText.contains(ExportScene.plainName))
    }

    @Test func `with TLS it is asked by https, and what cannot be served is refused`() async throws {
        try await CertificateAuthority.make(in: directory)
        let server = try await RunningServe(
            scene.program, "--tls-cert", directory.path("server.pem"), "--tls-key", directory.path("server.key"))
        let text = try await Command(
            "curl", ["--silent", "--cacert", directory.path("ca.pem"), "https://\(server.host)/v2/_catalog"]
        ).check().outputText
        #expect(text.contains("local/plain"))
        #expect(try await server.curl("/v2/").result.status != .exited(0))
        let start = ["serve", directory.path("bundle"), "--trust", scene.program.trusted, "--listen"]
        let table: [(options: [String], code: Int32)] = [
            (["5000"], 64), ([":5000"], 64), (["127.0.0.1:99999"], 64), (["127.0.0.1:0", "--tls-cert", "x"], 64),
            (["127.0.0.1:0", "--tls-cert", "/dev/null", "--tls-key", "/dev/null"], 64), ([server.host], 1),
            (["127.0.0.1:0", "--blobs", "0"], 64), (["192.0.2.1:5000"], 1),
        ]
        for (options, code) in table {
            let result = try await scene.program.command(start + options).run()
            #expect(result.status == .exited(code), "\(options): \(result.errorText)")
        }
    }
}
