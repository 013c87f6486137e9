import Foundation
import TestSupport
import Testing

/// The role of firstboot/ansible/ with real ansible, docker and systemd, in a system that is booted for the test.
@Suite(.serialized, .enabled(if: AnsibleScene.isTestable)) struct AnsibleRoleTests {
    private static let credentials = """
        REGISTRY_URL: \(AnsibleScene.registry)
        REGISTRY_USERNAME: robot
        REGISTRY_PASSWORD: '\(AnsibleScene.password.replacing("'", with: "''"))'
        container_images_retries: 1

        """
    private static let nodes = ["provision_manager": ["manager"], "provision_worker": ["worker"]]
    private let everybody = "container_images_hosts: [manager, worker]\n"

    @Test func `a registry is filled, and workers pull from it, else managers, and no password stays`() async throws {
        let scene = try await AnsibleScene()
        let identifiers = try await scene.imageIDs()
        let one = AnsibleScene.registry + "/acme/one:1"
        let two = AnsibleScene.registry + "/acme/two:1"
        let three = AnsibleScene.registry + "/acme/three:1"
        var site = Self.nodes
        site["registry"] = ["hub"]
        let variables =
            Self.credentials + """
                container_images_mode: offline
                container_images_bundle: \(scene.program.directory.path("bundle"))
                container_images_trust_keys: [\(scene.program.trusted)]

                """
        // What a check would change is not changed.
        let checked = try await scene.play(site, variables, "--check")
        #expect(checked.status == .exited(0) && checked.changed["worker"] == 1, "\(checked.text)")
        #expect(try await scene.images("worker").isEmpty)
        #expect(try await scene.system.run("ls", "/etc/bundle").status != .exited(0))

        let filled = try await scene.play(site, variables, "--limit", "hub")
        #expect(filled.status == .exited(0), "\(filled.text)")
        // The hosts share one system's files, and only the registry's has a loader.
        _ = try await scene.system.run("rm", "-r", "/etc/bundle")
        let first = try await scene.play(Self.nodes, variables, "-vvv")
        #expect(first.status == .exited(0) && first.changed["manager"] == 0, "\(first.text)")
        #expect(try await scene.images("worker") == [one: identifiers[one], two: identifiers[two]])
        #expect(try await scene.images("docker").isEmpty)
        #expect(!first.text.contains(AnsibleScene.password) && !first.text.contains("pa$$%20word"), "\(first.text)")
        #expect(first.text.contains("Pipelining is enabled."), "the password is in a file of Ansible's for a while")
        let traces = try await scene.system.run(
            "grep", "-rlF", "-e", "pa$$%20word", "/run", "/etc", "/var/tmp", scene.program.directory.path("home"))
        #expect(traces.outputText.isEmpty)
        #expect(try await scene.system.run("find", "/run", "-name", "container-images*").outputText.isEmpty)

        let second = try await scene.play(Self.nodes, variables, "--tags", "provision_image_warmup")
        #expect(second.status == .exited(0), "\(second.text)")
        #expect(second.changed == ["manager": 0, "worker": 0], "\(second.text)")

        // Without workers the managers do it; names of a list stand behind REGISTRY_URL and REGISTRY_ENV.
        let listed = Self.credentials + "REGISTRY_ENV: acme/\n"
        let managers = try await scene.play(
            ["provision_manager": ["manager"]], listed + "container_images_list: [three:1, '\(one)']\n")
        #expect(managers.status == .exited(0) && managers.changed["manager"] == 1, "\(managers.text)")
        #expect(try await scene.images("docker") == [one: identifiers[one], three: identifiers[three]])

        // What is refused changes nothing.
        let refused = try await scene.play(
            Self.nodes, listed + everybody,
            own: [
                "manager": "container_images_list: [two:1], REGISTRY_PASSWORD: other-secret",
                "worker": "container_images_list: [three:1], container_images_free_mib: 100000000",
            ])
        #expect(refused.failed == ["manager": 1, "worker": 1], "\(refused.text)")
        #expect(refused.changed == ["manager": 0, "worker": 0], "\(refused.text)")
        #expect(refused.text.contains("refused the user robot") && !refused.text.contains("other-secret"))
        #expect(refused.text.contains("100000000 MiB are needed") && refused.text.contains("nothing was changed"))
        #expect(try await scene.images("docker")[two] == nil)
        #expect(try await scene.images("worker")[three] == nil)
        #expect(try await scene.system.run("find", "/run", "-name", "container-images*").outputText.isEmpty)
    }

    @Test func `docker gets its proxy before the pull, and restarts only where that changed`() async throws {
        let scene = try await AnsibleScene()
        let docker = "docker.service"
        let managers = ["provision_manager": ["manager"]]
        let proxy = """
            PROVISION_IMAGE_WARMUP: false
            container_images_mode: proxy
            container_images_http_proxy: http://user:p%20w@proxy.example:3128
            container_images_https_proxy: http://proxy.example:3128

            """
        let boot = try await scene.system.property("InvocationID", of: docker)
        let first = try await scene.play(managers, proxy, "-v", "--diff")
        #expect(first.status == .exited(0), "\(first.text)")
        #expect(!first.text.contains("p%20w"), "\(first.text)")
        let restarted = try await scene.system.property("InvocationID", of: docker)
        #expect(boot != restarted)
        #expect(
            try await scene.system.property("Environment", of: docker)
                == "HTTP_PROXY=http://user:p%20w@proxy.example:3128 HTTPS_PROXY=http://proxy.example:3128 "
                + "NO_PROXY=localhost,127.0.0.0/8")
        let info = try await scene.system.run("docker", "-H", "unix:///run/docker.sock", "info").outputText
        #expect(info.contains("HTTPS Proxy: http://proxy.example:3128"), "\(info)")

        let second = try await scene.play(managers, proxy)
        #expect(second.status == .exited(0) && second.changed["manager"] == 0, "\(second.text)")
        #expect(try await scene.system.property("InvocationID", of: docker) == restarted)

        // Another mode takes it away, and the daemon that a site's other role set up keeps what is not ours.
        let dropins = "/etc/systemd/system/docker.service.d"
        _ = try await scene.system.run("sh", "-c", "echo [Service] >\(dropins)/other.conf")
        let third = try await scene.play(managers, "PROVISION_IMAGE_WARMUP: false")
        #expect(third.status == .exited(0), "\(third.text)")
        #expect(try await scene.system.run("ls", dropins).outputText == "other.conf\n")
        #expect(try await scene.system.property("Environment", of: docker).isEmpty)
    }

    @Test func `a bundle and archives are loaded without a registry, by loader and by docker`() async throws {
        let scene = try await AnsibleScene()
        let program = scene.program
        let identifiers = try await scene.imageIDs()
        let one = AnsibleScene.registry + "/acme/one:1"
        let two = AnsibleScene.registry + "/acme/two:1"
        let three = AnsibleScene.registry + "/acme/three:1"
        try await program.succeed(
            "export", program.directory.path("bundle"), "--trust", program.trusted, "--format", "docker-archive",
            "--each", "--output", program.directory.path("archives"), "--group", "provision_worker")
        let variables = everybody + "LOAD_IMAGE: true\n"
        func own(_ bundle: String, key: String = "keys") -> [String: String] {
            [
                "manager": """
                container_images_bundle: '\(program.directory.path(bundle))', \
                container_images_trust_keys: ['\(program.directory.path(key))/release.pub'], \
                container_images_list: ['\(one)']
                """,
                "worker": "container_images_archives: '\(program.directory.path("archives"))'",
            ]
        }
        let first = try await scene.play(Self.nodes, variables, own: own("bundle"))
        #expect(first.status == .exited(0), "\(first.text)")
        #expect(try await scene.images("docker") == [one: identifiers[one], three: identifiers[three]])
        #expect(try await scene.images("worker") == [one: identifiers[one], two: identifiers[two]])
        // Of the bundle there is one copy, of archives none.
        let copies = try await scene.system.run("ls", "/srv/bundles").outputText
        #expect(copies.count == 17, "\(copies)")
        let configuration = try await scene.system.run("cat", "/etc/bundle/firstboot.env").outputText

        let second = try await scene.play(Self.nodes, variables, own: own("bundle"))
        #expect(second.status == .exited(0), "\(second.text)")
        #expect(second.changed == ["manager": 0, "worker": 0], "\(second.text)")

        // What was installed works at the next boot.
        #expect(try await scene.system.run("systemctl", "start", "bundle-firstboot.service").status == .exited(0))
        #expect(
            try await scene.system.property("StatusText", of: "bundle-firstboot.service").hasPrefix("done: 2 images"))
        #expect(
            try await scene.system.property("UnitFileState", of: "bundle-firstboot.service") == "enabled")

        // A bundle that is refused leaves the old one where it was.
        try await AnsibleScene.build(program, version: 2, output: "newer")
        try await program.succeed("keygen", "--output", program.directory.path("other"))
        let managers = ["provision_manager": ["manager"]]
        let refused = try await scene.play(managers, variables, own: own("newer", key: "other"))
        #expect(refused.failed["manager"] == 1 && refused.text.contains("signatures are valid"), "\(refused.text)")
        #expect(try await scene.system.run("cat", "/etc/bundle/firstboot.env").outputText == configuration)

        let newer = try await scene.play(managers, variables, own: own("newer"))
        #expect(newer.status == .exited(0), "\(newer.text)")
        let replaced = try await scene.system.run("ls", "/srv/bundles").outputText
        #expect(replaced.count == 17 && replaced != copies, "\(replaced)")
        #expect(try await scene.system.run("cat", "/etc/bundle/firstboot.env").outputText != configuration)
    }

    /// Each of them is one host of one play, which ends before it touches anything.
    @Test func `wrong variables are refused with a sentence`() async throws {
        let wrong = [
            (
                "LOAD_IMAGE: true, container_images_mode: online",
                "LOAD_IMAGE is true and container_images_mode is 'online'"
            ),
            ("LOAD_IMAGE: true", "exactly one of container_images_bundle and container_images_archives"),
            ("LOAD_IMAGE: perhaps", "'LOAD_IMAGE'"),
            ("container_images_mode: onlin", "must be one of: online, proxy, offline"),
            ("container_images_mod: online", "There is no variable container_images_mod;"),
            ("container_images_mode: offline", "REGISTRY_URL must name it"),
            ("container_images_mode: proxy", "container_images_https_proxy must be set"),
            ("REGISTRY_URL: 'https://registry.example.com'", "without 'https://'"),
            ("REGISTRY_URL: a.example, REGISTRY_USERNAME: robot", "need each other"),
            ("container_images_list: ['--all-tags']", "container_images_list must hold names"),
            ("container_images_target: podman", "pulls and archives are for docker"),
            ("container_images_prefix: site", "neither the group site_worker nor the group site_manager has a host"),
        ]
        var inventory = """
            all: { vars: { ansible_connection: local, ansible_become: false } }
            provision_worker:
              vars: { ansible_python_interpreter: /usr/bin/python3 }
              hosts:

            """
        for (number, (variables, _)) in wrong.enumerated() { inventory += "    h\(number)x: { \(variables) }\n" }
        let directory = try TemporaryDirectory()
        let result = try await Command(
            "ansible-playbook",
            ["--inventory", directory.write(inventory, to: "inventory.yml"), "site.yml", "--check"],
            environment: ["LC_ALL": "C.UTF-8", "HOME": directory.path, "ANSIBLE_NOCOLOR": "1"],
            workingDirectory: Program.root + "/firstboot/ansible"
        ).run()
        let outcome = AnsibleScene.Outcome(result)
        for (number, (variables, sentence)) in wrong.enumerated() {
            #expect(outcome.failed["h\(number)x"] == 1, "\(variables): \(outcome.text)")
            let failure = outcome.text.split(separator: "\n").first { $0.hasPrefix("fatal: [h\(number)x]") } ?? ""
            #expect(failure.contains(sentence), "\(variables): \(failure)")
        }
    }
}
