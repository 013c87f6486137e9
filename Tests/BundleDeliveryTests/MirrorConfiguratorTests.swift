import BundleDelivery
import Foundation
import Registry
import TestSupport
import Testing

/// What `bundle mirror-config` makes of what stands there.
@Suite struct MirrorConfiguratorTests {
    private let scene: MirrorScene

    init() throws { scene = try MirrorScene() }

    private func mirror(
        _ upstreams: String..., registry: String = "https://mirror.example.com:5000", path: String? = nil,
        login: Bool = false, authority: Bool = false, insecure: Bool = false
    ) throws -> Mirror {
        try Mirror(
            registry: registry, path: path, upstreams: upstreams,
            credentials: login ? Credentials(username: "us\"er", password: "pa\\ss: #'") : nil,
            authority: authority ? MirrorScene.certificate : nil, skipsTLSVerify: insecure)
    }

    static let foreign: [(name: String, text: String)] = [
        (
            "containerd/certs.d/docker.io/hosts.toml",
            """
            # ours since 2019
            server = "https://registry-1.docker.io" # [not a table]

            [host."https://other.example.com"]
              capabilities = ["pull",
                "resolve"] # two

            [host.'https://third.example.com'.header]
              x = ["]"]

            """
        ),
        (
            "rancher/k3s/registries.yaml",
            """
            # ours since 2019
            mirrors:
                # before the first
                quay.io:   # "why"
                    endpoint: ["https://quay.example.com"]
            configs:
              "other.example.com":
                auth: {username: a, password: b}
            other: 1

            """
        ),
    ]

    @Test(arguments: foreign)
    func `text of others stays byte for byte, and is all that is left after a removal`(name: String, text: String)
        throws
    {
        try scene.put(text, name, mode: 0o640)
        let runtimes: (MirrorRuntime) = name.hasPrefix("rancher") ? .k3s : .containerd
        let first = try mirror("docker.io", "quay.example.com", login: true, authority: true)
        try scene.write(first, runtimes)
        let written = try scene.text(name)
        #expect(written != text && scene.mode(name) == 0o600)
        // What is not between marks is what was there.
        #expect(try scene.write(first, runtimes).allSatisfy { $0.hasPrefix("unchanged") })
        #expect(try scene.text(name) == written)
        // Another mirror takes the place of the first.
        try scene.write(try mirror("docker.io", registry: "http://127.0.0.1:5000", path: "a/b"), runtimes)
        #expect(try !scene.text(name).contains("mirror.example.com") && scene.text(name).contains("127.0.0.1:5000"))
        try scene.write(nil, runtimes)
        #expect(try scene.files() == ["etc/" + name: Array(text.utf8)])
        #expect(try scene.write(nil, runtimes).isEmpty)
    }

    @Test func `ours is the first table of hosts toml, after the keys of others`() throws {
        let (name, text) = Self.foreign[0]
        try scene.put(text, name)
        try scene.write(try mirror("docker.io", path: "acme", login: true, insecure: true), .containerd)
        let lines = try scene.text(name).split(separator: "\n").map(String.init)
        #expect(lines[1].hasPrefix("server") && lines[2] == "# bundle mirror-config: begin")
        #expect(lines[3] == "[host.\"https://mirror.example.com:5000/v2/acme\"]")
        #expect(lines[4...].contains("  override_path = true") && lines[4...].contains("  skip_verify = true"))
        let login = Data("us\"er:pa\\ss: #'".utf8).base64EncodedString()
        #expect(lines.contains("    Authorization = \"Basic \(login)\""))
    }

    @Test func `daemon json keeps members and their order, and only what we added goes`() throws {
        let name = "docker/daemon.json"
        try scene.put(
            """
            {"storage-driver": "overlay2", "registry-mirrors": ["https://old.example.com/"], "bip": "10.0.0.1/24",
             "max-concurrent-downloads": 1.50e0}
            """, name)
        let before = try scene.text(name)
        try scene.write(try mirror("docker.io", registry: "http://mirror.example.com:5000"), .docker)
        #expect(
            try scene.text(name) == """
                {
                  "storage-driver": "overlay2",
                  "registry-mirrors": [
                    "http://mirror.example.com:5000",
                    "https://old.example.com/"
                  ],
                  "bip": "10.0.0.1/24",
                  "max-concurrent-downloads": 1.50e0,
                  "insecure-registries": [
                    "mirror.example.com:5000"
                  ]
                }

                """)
        let whole = try scene.files()
        let again = try scene.write(try mirror("docker.io", registry: "http://mirror.example.com:5000"), .docker)
        #expect(again.count == 2 && again.allSatisfy { $0.hasPrefix("unchanged") })
        #expect(try scene.files() == whole)
        try scene.write(try mirror(authority: true), .docker)
        #expect(try !scene.text(name).contains("insecure-registries") && !scene.text(name).contains("http://mirror"))
        #expect(scene.exists("docker/certs.d/mirror.example.com:5000/ca.crt"))
        try scene.write(nil, .docker)
        #expect(try scene.files().keys.sorted() == ["etc/" + name])
        #expect(!scene.exists("docker/certs.d/mirror.example.com:5000"))
        #expect(try scene.text(name).filter { !$0.isWhitespace } == before.filter { !$0.isWhitespace })
        // What was there before us is not ours.
        try scene.write(try mirror(registry: "https://old.example.com"), .docker)
        #expect(!scene.exists("bundle/mirror-config.json"))
        try scene.write(nil, .docker)
        #expect(try scene.text(name).contains("https://old.example.com/"))
    }

    @Test(arguments: MirrorRuntime.allCases)
    func `in an empty system everything is made, is the same again, and goes`(runtime: MirrorRuntime) throws {
        let takesLogin = runtime != .docker && runtime != .podman
        let all = try mirror("docker.io", login: takesLogin, authority: true)
        let lines = try scene.write(all, runtime)
        #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("written") })
        for (name, bytes) in try scene.files() {
            let text = String(decoding: bytes, as: UTF8.self)
            let hasPassword = text.contains("Basic ") || text.contains("password")
            #expect(scene.mode(String(name.dropFirst(4))) == (hasPassword ? 0o600 : 0o644), "\(name)")
        }
        #expect(try scene.write(all, runtime).allSatisfy { $0.hasPrefix("unchanged") })
        #expect(try scene.write(nil, runtime).allSatisfy { $0.hasPrefix("removed") })
        #expect(try scene.files().isEmpty)
    }

    @Test func `a secret in a file that everybody may read is taken from them`() throws {
        let secret = try mirror("docker.io", login: true)
        try scene.write(secret, .k3s)
        chmod(scene.home.path("etc/rancher/k3s/registries.yaml"), 0o644)
        #expect(try scene.write(secret, .k3s) == ["written etc/rancher/k3s/registries.yaml"])
        #expect(scene.mode("rancher/k3s/registries.yaml") == 0o600)
    }

    static let refusals: [(runtime: MirrorRuntime, name: String, text: String)] = [
        (.docker, "docker/daemon.json", "{\"registry-mirrors\": [], \"registry-mirrors\": []}"),
        (.docker, "docker/daemon.json", "{\"registry-mirrors\": \"x\"}"), (.docker, "docker/daemon.json", "[]"),
        (.docker, "docker/daemon.json", "{\"registry-mirrors\": [1]}"), (.docker, "docker/daemon.json", "{,}"),
        (.docker, "bundle/mirror-config.json", "{\"docker\": 1}"),
        (.docker, "docker/certs.d/mirror.example.com:5000/ca.crt", "other"),
        (.podman, "containers/registries.conf.d/50-bundle-mirrors.conf", "[[registry]]\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "a = \"\"\"\n[x]\n\"\"\"\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "[host.\"https://mirror.example.com:5000\"]\n"),
        (
            .containerd, "containerd/certs.d/docker.io/hosts.toml",
            "[ host . 'https://mirror.example.com:5000' . header ]\n"
        ),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "host = {}\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "a = [\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "a = \"b\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "[a\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "a\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "a = \n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "[a] b\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "# bundle mirror-config: begin\n"),
        (.containerd, "containerd/certs.d/docker.io/hosts.toml", "# bundle mirror-config: end\n"),
        (.k3s, "rancher/k3s/registries.yaml", "mirrors: {quay.io: {endpoint: [\"https://q\"]}}\n"),
        (.k3s, "rancher/k3s/registries.yaml", "mirrors:\n  {quay.io: 1}\n"),
        (.k3s, "rancher/k3s/registries.yaml", "mirrors:\n  'docker.io':\n    endpoint: [x]\n"),
        (.k3s, "rancher/k3s/registries.yaml", "configs:\n  mirror.example.com:5000: {}\n"),
        (.k3s, "rancher/k3s/registries.yaml", "mirrors: ~\n"), (.k3s, "rancher/k3s/registries.yaml", "- a\n"),
        (.k3s, "rancher/k3s/registries.yaml", "mirrors: &a {}\nother: *a\n"),
        (.k3s, "rancher/k3s/registries.yaml", "mirrors:\n  a: 1\n  a: 2\n"),
        (.k3s, "rancher/k3s/registries.yaml", "other: 1\n...\n"), (.k3s, "rancher/k3s/registries.yaml", "a: [\n"),
        (.k3s, "rancher/k3s/registries.yaml", "? mirrors\n: quay.io: 1\n"),
        (.k3s, "rancher/k3s/registries.yaml", "{}\n"),
        (.k3s, "rancher/k3s/registries.yaml", "---\na: 1\n---\nb: 1\n"),
    ]

    @Test(arguments: refusals)
    func `what cannot be merged is refused, and nothing is written`(
        runtime: MirrorRuntime, name: String, text: String
    ) throws {
        try scene.put(text, name)
        let before = try scene.files()
        let error = #expect(throws: DeliveryError.self) {
            try scene.write(try mirror("docker.io", login: runtime == .k3s, authority: true), runtime)
        }
        #expect(
            error == DeliveryError(.foreign, "") && error?.message.contains(name) == true, "\(error?.message ?? "")")
        #expect(try scene.files() == before)
    }

    @Test func `links lead nowhere`() throws {
        try scene.put("{}", "elsewhere/daemon.json")
        try FileManager.default.createSymbolicLink(
            atPath: scene.home.path("etc/docker"), withDestinationPath: "elsewhere")
        #expect(throws: (any Error).self) { try scene.write(try mirror(), .docker) }
        #expect(try scene.text("elsewhere/daemon.json") == "{}")
    }

    @Test func `what is no configuration of a mirror is refused`() throws {
        let good = "https://mirror.example.com"
        let certificate = MirrorScene.certificate
        for registry in [
            "", "mirror", "https://", "ftp://a.b", "https://a.b/path", "https://u:p@a.b", "https://a.b?x", "a b.c",
        ] {
            #expect(throws: DeliveryError(.usage, ""), "\(registry)") { try Mirror(registry: registry) }
        }
        for path in ["", "/", "UP", "a b", "a:b", "a@b", ".."] {
            #expect(throws: DeliveryError(.usage, ""), "\(path)") { try Mirror(registry: good, path: path) }
        }
        for upstreams in [["quay"], ["a.b/c"], [""], ["../a.b"], ["a.b", "a.b"], ["_default", "_default"]] {
            #expect(throws: DeliveryError(.usage, ""), "\(upstreams)") {
                try Mirror(registry: good, upstreams: upstreams)
            }
        }
        for (user, password) in [("", "p"), ("u", ""), ("u:v", "p"), ("u", "p\n")] {
            #expect(throws: DeliveryError(.usage, "")) {
                try Mirror(registry: good, credentials: Credentials(username: user, password: password))
            }
        }
        let key = Array("-----BEGIN PRIVATE KEY-----\n".utf8)
        for authority in [[], Array("x".utf8), key, certificate + key] {
            #expect(throws: DeliveryError(.usage, "")) { try Mirror(registry: good, authority: authority) }
        }
        #expect(throws: DeliveryError(.usage, "")) {
            try Mirror(registry: good, authority: certificate, skipsTLSVerify: true)
        }
        #expect(throws: DeliveryError(.usage, "")) { try Mirror(registry: "http://a.b", authority: certificate) }
        for (runtime, wrong) in [
            (.docker, try mirror(path: "a")), (.docker, try mirror(login: true)), (.docker, try mirror("quay.io")),
            (.podman, try mirror()), (.podman, try mirror("quay.io", login: true)),
        ] as [(MirrorRuntime, Mirror)] {
            #expect(throws: DeliveryError(.usage, "")) { try scene.write(wrong, runtime) }
        }
        #expect(try scene.files().isEmpty)
    }
}
