import Foundation
import OCI
import TestSupport
import Testing

/// `bundle mirror-config`: engines pull through what it writes, by names that do not resolve.
@Suite struct MirrorConfigTests {
    private let program: Program
    private let image: ImageFixture
    private var directory: TemporaryDirectory { program.directory }
    private var client: String { directory.path("client") }

    init() async throws {
        program = try await Program()
        image = ImageFixture([try await ImageFactory.programLayer()])
        var images = ImageSet()
        images.add(image, tag: "web")
        try images.write(to: directory.path("layout"))
    }

    private func registry(tls: Bool = false, _ names: String...) async throws -> DockerRegistry {
        let credentials = tls ? DockerRegistry.Credentials(username: "site", password: "p:a\"s\\s #") : nil
        let registry = try await DockerRegistry(credentials: credentials, tls: tls)
        for name in names { try await Push.skopeo(directory.path("layout"), tag: "web", as: name, to: registry) }
        return registry
    }

    /// Runs `bundle mirror-config` for the client's system.
    @discardableResult
    private func configure(_ arguments: String..., environment: [String: String] = [:]) async throws -> String {
        try await program.command(["mirror-config", "--output", client] + arguments, environment: environment).check()
            .outputText
    }

    /// A program that sees the client's configuration over that of this system.
    private func onClient(_ command: [String]) -> Command {
        Command(
            "unshare",
            [
                "--mount", "--propagation", "private", "sh", "-c",
                "mount -t overlay overlay -o \"lowerdir=$0/etc:/etc\" /etc && exec \"$@\"", client,
            ] + command)
    }

    @Test(.enabled(if: Toolbox.hasEngine("containerd", "ctr")))
    func `containerd pulls through it: by name, path, authority, user, and by default`() async throws {
        let plain = try await registry("acme/web:1", "site/a/acme/web:2")
        let secure = try await registry(tls: true, "site/a/acme/web:3", "acme/web:4")
        let containerd = try await ContainerdDaemon()
        func pull(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            try await containerd.ctr("images", "pull", "--hosts-dir", client + "/etc/containerd/certs.d", name)
            let line = try await containerd.ctr("images", "ls", "name==" + name)
            #expect(line.contains(image.descriptor.digest.description), sourceLocation: sourceLocation)
        }
        try await configure("--registry", plain.origin, "--runtime", "containerd", "--upstream", "up.invalid:8443")
        try await pull("up.invalid:8443/acme/web:1")
        try await configure("--registry", plain.origin, "--path", "site/a", "--runtime", "containerd")
        try await pull("other.invalid/acme/web:2")
        await #expect(throws: CommandError.self) { try await pull("up.invalid:8443/acme/web:4") }

        let authority = try #require(secure.authorityFile)
        let credentials = try #require(secure.credentials)
        let password = try directory.write(credentials.password + "\n", to: "password")
        let secret = ["--registry", secure.origin, "--username", credentials.username, "--runtime", "containerd"]
        for options in [["--ca-file", authority], ["--insecure-skip-tls-verify"]] {
            let arguments = ["mirror-config", "--output", client, "--password-file", password] + secret + options
            try await program.command(arguments + ["--path", "site/a", "--upstream", "up.invalid"]).check()
            try await pull("up.invalid/acme/web:3")
        }
        // The authority from an address, as a blob of a registry.
        let pem = try Array(Data(contentsOf: URL(fileURLWithPath: authority)))
        var blobs = ImageSet()
        blobs.addArtifact(type: "text/plain", content: pem, tag: "pem")
        try await Push.requests(blobs, tag: "pem", as: "ca:1", to: plain)
        let digest = try #require(blobs.blobs.first { $0.value == pem }).key
        let address = "\(plain.origin)/v2/ca/blobs/\(digest)"
        let result = try await program.command(
            ["mirror-config", "--output", client, "--ca-file", address] + secret,
            environment: ["REGISTRY_PASSWORD": credentials.password]
        ).check()
        #expect(result.errorText.contains(digest.description) && !result.outputText.contains(credentials.password))
        try await pull("other.invalid/acme/web:4")
        try await program.fail(
            8, "mirror-config", "--output", client, "--ca-file", "\(plain.origin)/v2/ca/blobs/\(image.imageID)",
            "--registry", secure.origin, "--runtime", "containerd")

        try await configure("--remove")
        #expect(try program.tree("client").values.allSatisfy(\.isEmpty))
    }

    @Test(.enabled(if: Toolbox.hasDockerDaemon))
    func `docker pulls through the written daemon json, beside what stood there`() async throws {
        let registry = try await registry("library/web:1")
        try directory.makeDirectory("client/etc/docker")
        try directory.write("{\"max-concurrent-downloads\": 2}", to: "client/etc/docker/daemon.json")
        let shown = try await configure("--registry", registry.origin, "--runtime", "docker", "--dry-run")
        #expect(shown.contains("written    etc/docker/daemon.json"))
        #expect(!program.exists("client/etc/bundle"))
        try await configure("--registry", registry.origin, "--runtime", "docker")
        let docker = try await DockerDaemon(configuration: client + "/etc/docker/daemon.json")
        try await docker.docker("pull", "--quiet", "web:1")
        #expect(try await docker.docker("run", "--rm", "--network=none", "web:1") == "it runs")
        #expect(try await docker.docker("info", "--format", "{{.RegistryConfig.Mirrors}}").contains(registry.host))
    }

    @Test(.enabled(if: Toolbox.hasEngine("podman") && Toolbox.canMount))
    func `podman pulls through the written drop-in, with a path and an authority`() async throws {
        let plain = try await registry("site/library/web:1")
        let tls = try await DockerRegistry(tls: true)
        try await Push.skopeo(directory.path("layout"), tag: "web", as: "acme/web:2", to: tls)
        try directory.makeDirectory("client/etc/containers")
        try directory.write(
            "{\"default\": [{\"type\": \"insecureAcceptAnything\"}]}", to: "client/etc/containers/policy.json")
        let podman = try await PodmanStorage(hasService: false)
        func pull(_ name: String) async throws {
            try await onClient(["podman"] + podman.options + ["pull", "--quiet", name]).check()
        }
        try await configure(
            "--registry", plain.origin, "--path", "site", "--runtime", "podman", "--upstream", "docker.io")
        try await pull("docker.io/library/web:1")
        let authority = try #require(tls.authorityFile)
        try await configure(
            "--registry", tls.origin, "--runtime", "podman", "--upstream", "up.invalid:5000", "--ca-file", authority)
        try await pull("up.invalid:5000/acme/web:2")
        #expect(try await podman.podman("images", "--quiet", "--no-trunc").contains(image.imageID.description))
        try await configure("--registry", tls.origin, "--runtime", "podman", "--upstream", "up.invalid:5000")
        try await podman.podman("rmi", "--all", "--force")
        await #expect(throws: CommandError.self) { try await pull("up.invalid:5000/acme/web:2") }
        try await configure("--remove", "--runtime", "podman")
        #expect(try program.tree("client").filter { !$0.value.isEmpty }.keys.sorted() == ["etc/containers/policy.json"])
    }

    @Test func `mistakes on the command line are refused, and nothing is written`() async throws {
        let start = ["mirror-config", "--output", client]
        let registry = ["--registry", "https://mirror.example.com"]
        let table: [[String]] = [
            [], registry, ["--runtime", "k3s"], ["--remove", "--path", "a"], ["--remove"] + registry,
            ["--remove", "--insecure-skip-tls-verify"], registry + ["--runtime", "crio"],
            registry + ["--runtime", "k3s", "--username", "u"],
            registry + ["--runtime", "k3s", "--password-file", "x"],
            registry + ["--runtime", "k3s", "--ca-file", "absent"], registry + ["--runtime", "podman"],
            registry + ["--runtime", "docker", "--upstream", "quay.io"],
            registry + ["--runtime", "containerd", "--runtime", "docker", "--path", "a"],
        ]
        for arguments in table {
            let result = try await program.command(start + arguments).run()
            #expect(result.status == .exited(64), "\(arguments): \(result.errorText)")
        }
        #expect(!program.exists("client"))
        try directory.makeDirectory("client/etc/rancher/rke2")
        try directory.write("mirrors: {}\n", to: "client/etc/rancher/rke2/registries.yaml")
        try await program.fail(
            7, "mirror-config", "--output", client, "--registry", "https://mirror.example.com", "--runtime", "rke2",
            "--runtime", "containerd")
        #expect(!program.exists("client/etc/containerd"))
    }
}
