import Foundation
import OCI
import TestSupport
import Testing

/// What lies in firstboot/registry/: installed, started as the unit and compose do, from a bundle that holds its image.
@Suite struct SiteRegistryTests {
    private static let folder = Program.root + "/firstboot/registry"

    private let program: Program
    private var directory: TemporaryDirectory { program.directory }
    private var root: String { directory.path("root") }

    init() async throws {
        program = try await Program()
        try directory.makeDirectory("root")
        try await CertificateAuthority.make(in: directory)
    }

    /// Choices for loopback; port 0 is any that is free.
    private func choices(port: Int = 0, delete: Bool = false, data: String? = nil) throws -> String {
        try directory.write(
            """
            REGISTRY_IMAGE=local/registry:1
            REGISTRY_ADDRESS=127.0.0.1
            REGISTRY_PORT=\(port)
            REGISTRY_NAME=registry.example.com
            REGISTRY_DATA=\(data ?? "/srv/registry")
            REGISTRY_DELETE=\(delete)
            REGISTRY_HTTP_SECRET=

            """, to: "choices.env")
    }

    private func install(_ arguments: String...) async throws -> CommandResult { try await install(arguments) }

    private func install(_ arguments: [String]) async throws -> CommandResult {
        try await Command(
            Self.folder + "/install.sh",
            ["--root", root, "--cert", directory.path("server.pem"), "--key", directory.path("server.key")] + arguments
        ).run()
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try directory.read("root/" + name), as: UTF8.self)
    }

    private func mode(_ name: String) -> mode_t {
        var status = stat()
        return stat(root + "/" + name, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test func `everything is placed, once, and choices stay`() async throws {
        try directory.makeDirectory("root/etc")
        try directory.write("127.0.0.1 localhost\n10.0.0.1 old.example.com # bundle-registry\n", to: "root/etc/hosts")
        let choices = try choices()
        let first = try await install("--env", choices)
        #expect(first.status == .exited(0), "\(first.errorText)")
        #expect(try text("etc/hosts") == "127.0.0.1 localhost\n127.0.0.1 registry.example.com # bundle-registry\n")
        #expect(mode("etc/bundle/registry.env") == 0o600 && mode("etc/bundle/registry/tls.key") == 0o600)
        for unit in ["bundle-registry", "bundle-registry-seed"] {
            let link = "/etc/systemd/system/multi-user.target.wants/\(unit).service"
            let unit = try FileManager.default.destinationOfSymbolicLink(atPath: root + link)
            #expect(mode(String(unit.dropFirst())) == 0o644, "\(link) leads to \(unit)")
        }
        #expect(mode("etc/bundle/registry/tls.crt") == 0o644 && mode("srv/registry") == 0o755)
        #expect(
            try text("etc/systemd/system/bundle-registry-seed.service.d/data.conf")
                == "[Unit]\nRequiresMountsFor=/srv/registry\n[Service]\nReadWritePaths=/srv/registry\n")
        #expect(!FileManager.default.fileExists(atPath: root + "/etc/bundle/registry/tls.key.new"))
        let tree = try program.tree("root")
        let again = try await install()
        #expect(again.status == .exited(0) && !again.outputText.contains("installed"), "\(again.outputText)")
        #expect(try program.tree("root") == tree)
        try directory.write(
            try text("etc/bundle/registry.env").replacing("DELETE=false", with: "DELETE=true"),
            to: "root/etc/bundle/registry.env")
        #expect(try await install("--env", choices).outputText.contains("kept       \(root)/etc/bundle/registry.env"))
        #expect(try text("etc/bundle/registry.env").contains("REGISTRY_DELETE=true"))
    }

    @Test func `mistakes change nothing`() async throws {
        let key = directory.path("server.key")
        let wrong = try directory.write("REGISTRY_ADDRESS=$(id)\n", to: "wrong.env")
        for (arguments, status) in [
            (["--frobnicate"], 64), (["--cert"], 64), (["--cert", key], 1), (["--key", directory.path("absent")], 1),
            (["--env", wrong], 64), (["--env", directory.path("absent")], 1),
            (["--root", directory.path("absent")], 1),
        ] as [([String], Int32)] {
            let result = try await install(arguments)
            #expect(result.status == .exited(status), "\(arguments): \(result.errorText)")
            #expect(result.errorText.hasPrefix("install.sh: "))
        }
        #expect(try program.tree("root").isEmpty)
    }

    @Test(.enabled(if: Toolbox.has("systemd-analyze"))) func `systemd takes the units`() async throws {
        try directory.makeDirectory("units")
        let files = try ["bundle-registry.service", "bundle-registry-seed.service"].map { unit in
            let text = String(
                decoding: try Data(contentsOf: URL(filePath: Self.folder + "/" + unit)), as: UTF8.self)
            return try directory.write(
                text.replacing("/usr/local/bin/bundle-firstboot", with: "/bin/true")
                    .replacing("/usr/bin/docker", with: "/bin/true"), to: "units/" + unit)
        }
        let result = try await Command(
            "systemd-analyze", ["verify", "--man=no"] + files,
            environment: ["SYSTEMD_UNIT_PATH": directory.path("units") + ":/lib/systemd/system"]
        ).run()
        let complaints = result.errorText.split(separator: "\n").filter { $0.contains(directory.path("units")) }
        #expect(result.status == .exited(0) && complaints.isEmpty, "\(result.errorText)")
        let security = Command(
            "systemd-analyze",
            [
                "security", "--offline=true", "--no-pager", "--threshold=25",
                Self.folder + "/bundle-registry-seed.service",
            ])
        #expect(try await security.run().status == .exited(0))
    }

    @Test(.enabled(if: Toolbox.hasDockerDaemon && Toolbox.has("docker-registry", "skopeo")))
    func `from a bundle to pulls over TLS, by the unit and by compose`() async throws {
        let docker = try await DockerDaemon()
        let web = try await buildAndLoad(into: docker)
        try await seed()

        let unit = try start(docker)
        let host = try await address(of: unit)
        let pulled = Command(
            "skopeo",
            [
                "copy", "--quiet", "--src-cert-dir", try authorityFolder(), "docker://\(host)/acme/web:1",
                "dir:" + directory.path("pulled"),
            ])
        try await pulled.check()
        #expect(try directory.read("pulled/manifest.json") == web.manifest)
        #expect(try await status(host, "/v2/acme/web/manifests/\(web.descriptor.digest)", "DELETE") == 405)
        // Nobody else's authority, and no plain HTTP.
        #expect(try await Command("curl", ["--silent", "https://\(host)/v2/"]).run().status == .exited(60))
        try await docker.docker("stop", "bundle-registry")
        await unit.waitForEnd()

        // As people change it: the file of choices, and a start.
        let changed = try text("etc/bundle/registry.env").replacing("DELETE=false", with: "DELETE=true")
        try directory.write(changed, to: "root/etc/bundle/registry.env")
        let again = try start(docker)
        let other = try await address(of: again)
        #expect(try await status(other, "/v2/acme/web/manifests/\(web.descriptor.digest)", "DELETE") == 202)
        #expect(try await status(other, "/v2/acme/web/manifests/1", "GET") == 404)
        try await docker.docker("stop", "bundle-registry")
        await again.waitForEnd()

        guard Toolbox.has("docker-compose") else { return }
        func compose(_ arguments: String...) async throws -> String {
            let result = try await Command(
                "docker-compose",
                ["--env-file", root + "/etc/bundle/registry.env", "-f", Self.folder + "/compose.yaml", "-p", "site"]
                    + arguments,
                environment: ["DOCKER_HOST": docker.host, "REGISTRY_FILES": root + "/etc/bundle/registry"]
            ).check()
            return result.outputText
        }
        _ = try await compose("up", "--detach", "--no-build")
        var log = ""
        for _ in 0..<600 where Self.address(in: log) == nil {
            try await Task.sleep(for: .milliseconds(50))
            log = try await compose("logs", "--no-color")
        }
        let third = try #require(Self.address(in: log), "\(log)")
        #expect(try await status(third, "/v2/_catalog", "GET") == 200)
        _ = try await compose("down")
    }

    /// Installs, and does what the unit for seeding does.
    private func seed() async throws {
        try directory.makeDirectory("trust.d")
        try directory.write(directory.read("keys/release.pub"), to: "trust.d/release.pub")
        let data = try directory.makeDirectory("data")
        let plan = try String(contentsOfFile: Self.folder + "/registry-seed.env", encoding: .utf8)
            .replacing("\nLOAD_IMAGE=false", with: "\nLOAD_IMAGE=true\nTRUST_DIR=" + directory.path("trust.d"))
            .replacing("#BUNDLE_PATH=/srv/bundle", with: "BUNDLE_PATH=" + directory.path("bundle"))
            .replacing("/var/lib/bundle-registry", with: directory.path("seed-state"))
            .replacing("/run/bundle-registry/ready", with: directory.path("ready"))
        let other = try directory.write(plan, to: "other.env")
        #expect(try await install("--env", choices(data: data), "--seed", other).status == .exited(64))
        let own = try directory.write(plan.replacing("/srv/registry", with: data), to: "seed.env")
        let result = try await install("--env", choices(data: data), "--seed", own)
        #expect(result.status == .exited(0), "\(result.errorText)")
        let loader = URL(filePath: Program.path).deletingLastPathComponent().appending(path: "bundle-firstboot").path
        try await Command(
            loader, ["--config", root + "/etc/bundle/registry-seed.env"], inheritsEnvironment: false
        ).check()
    }

    /// Builds the bundle, and loads the registry's own image.
    private func buildAndLoad(into docker: DockerDaemon) async throws -> ImageFixture {
        let files = try ["/usr/bin/docker-registry", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"]
            .map { (path: String($0.dropFirst()), bytes: Array(try Data(contentsOf: URL(filePath: $0)))) }
        let folders = ["usr", "usr/bin", "lib64", "lib", "lib/x86_64-linux-gnu"].map { TarFixture.Entry.directory($0) }
        let layer = try await LayerFixture(
            folders + files.map { file in TarFixture.Entry.file(file.path, file.bytes).with { $0.mode = 0o755 } },
            compression: .none)
        let web = try await ImageFactory.small()
        var images = ImageSet()
        images.add(ImageFixture([layer], entrypoint: ["/usr/bin/docker-registry", "serve"]), tag: "registry")
        images.add(web, tag: "web")
        try images.write(to: directory.path("layout"))
        let spec = try program.spec(
            """
              - image: oci-layout:./layout@registry
                as: ["local/registry:1"]
                groups: [registry]
              - image: oci-layout:./layout@web
                as: ["registry.example.com:5000/acme/web:1"]
            """)
        try await program.build(spec)
        try await program.command([
            "load", directory.path("bundle"), "--trust", program.trusted, "--no-progress", "--state",
            directory.path("state"), "--target", "docker", "--host", docker.socket, "--image", "local/registry:1",
        ]).check()
        return web
    }

    /// Runs what the unit starts, as systemd reads it: lines joined, variables of the file of choices put in.
    private func start(_ docker: DockerDaemon) throws -> RunningCommand {
        let unit = try text("etc/systemd/system/bundle-registry.service").replacing("\\\n", with: " ")
        let line = try #require(unit.split(separator: "\n").first { $0.hasPrefix("ExecStart=") }).dropFirst(10)
        var command = line.replacing("--volume /etc/bundle/registry:", with: "--volume \(root)/etc/bundle/registry:")
        for choice in try text("etc/bundle/registry.env").split(separator: "\n") {
            let parts = choice.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard !choice.hasPrefix("#"), parts.count == 2 else { continue }
            command = command.replacing("${\(parts[0])}", with: parts[1])
        }
        let words = command.split(separator: " ").map(String.init)
        #expect(words.first == "/usr/bin/docker" && !command.contains("${"))
        return try Command("docker", ["-H", docker.host] + words.dropFirst()).start()
    }

    private func address(of process: RunningCommand) async throws -> String {
        for _ in 0..<1200 {
            let log = String(decoding: process.errorOutput() + process.output(), as: UTF8.self)
            if let address = Self.address(in: log) { return address }
            if let status = process.status { throw CommandError(.failed, "the registry ended with \(status): \(log)") }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandError(.timedOut, "the registry did not listen within 60 s")
    }

    private static func address(in log: String) -> String? {
        guard let start = log.range(of: "listening on ")?.upperBound else { return nil }
        let address = log[start...].prefix { "0123456789.:".contains($0) }
        return log[address.endIndex...].hasPrefix(", tls") ? String(address) : nil
    }

    private func authorityFolder() throws -> String {
        try directory.makeDirectory("authority")
        try directory.write(directory.read("ca.pem"), to: "authority/ca.crt")
        return directory.path("authority")
    }

    private func status(_ host: String, _ path: String, _ method: String) async throws -> Int? {
        let result = try await Command(
            "curl",
            [
                "--silent", "--cacert", directory.path("ca.pem"), "--request", method, "--output", "/dev/null",
                "--header", "Accept: application/vnd.oci.image.manifest.v1+json", "--write-out", "%{http_code}",
                "https://\(host)\(path)",
            ]
        ).check()
        return Int(result.outputText)
    }
}
