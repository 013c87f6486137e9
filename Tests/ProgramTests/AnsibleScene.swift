import Foundation
import StrictJSON
import TestSupport
import Testing

/// A booted system with a docker for a manager, one for a worker and a registry that asks for a password; and firstboot/ansible/,
/// which finds them as three hosts.
struct AnsibleScene {
    /// How a play ended: its exit status, all that it said, and per host what it counted.
    struct Outcome {
        let status: CommandStatus
        let text: String
        let changed: [String: Int]
        let failed: [String: Int]
    }

    static let isTestable =
        StaticLoader.isTestable && Toolbox.hasDockerDaemon
        && Toolbox.has("/lib/systemd/systemd", "unshare", "ansible-playbook", "docker-registry", "htpasswd")
    static let registry = "127.0.0.1:5000"
    /// What must not be seen anywhere, with characters that a shell, YAML and systemd care for.
    static let password = #"pa$$%20word'"x"#

    let program: Program
    let system: BootedSystem
    private var directory: TemporaryDirectory { program.directory }

    /// With a bundle of the images `one`, for every host, `two`, for workers, and `three`, for managers.
    init() async throws {
        program = try await Program()
        let directory = program.directory
        try await ImageFactory.write(.sharedBase, to: directory.path("layout"))
        try await Self.build(program, version: 1)
        let entry = try await Command("htpasswd", ["-Bbn", "robot", Self.password]).check().output
        try directory.write(entry, to: "htpasswd")
        try directory.write(
            """
            version: 0.1
            storage: { filesystem: { rootdirectory: /srv/registry } }
            http: { addr: \(Self.registry), secret: tests }
            auth: { htpasswd: { realm: tests, path: \(directory.path("htpasswd")) } }

            """, to: "registry.yml")
        try directory.write(
            "[Service]\nExecStart=/usr/bin/docker-registry serve \(directory.path("registry.yml"))\n",
            to: "registry.service")
        // The manager's is the system's own docker.
        for (unit, socket) in [("docker", "docker"), ("worker", "worker")] {
            try directory.makeDirectory(unit)
            try directory.write(
                """
                [Service]
                Type=notify
                ExecStart=/usr/sbin/dockerd --data-root \(directory.path(unit)) --exec-root /run/\(unit) \
                -H unix:///run/\(socket).sock --pidfile /run/\(unit).pid --bridge=none --iptables=false
                """, to: unit + ".service")
        }
        system = try await BootedSystem(
            """
            rm -rf etc/bundle srv/bundles var/lib/bundle
            mkdir -p srv/registry
            for unit in docker worker registry; do
                cp '\(directory.path)'/$unit.service etc/systemd/system/
                ln -s ../$unit.service etc/systemd/system/multi-user.target.wants/$unit.service
            done
            """)
    }

    /// Builds a bundle of another version.
    static func build(_ program: Program, version: Int, output: String = "bundle") async throws {
        let groups = [("one", "[]"), ("two", "[provision_worker]"), ("three", "[provision_manager]")]
        let lines = groups.map { name, groups in
            "  - image: oci-layout:./layout@\(name)\n    as: [\(registry)/acme/\(name):1]\n    groups: \(groups)"
        }
        try await program.build(
            try program.spec(lines.joined(separator: "\n"), name: "spec-\(version).yaml", version: version),
            output: output)
    }

    /// Runs site.yml on hosts by group, `manager` and `worker` with a docker of their own.
    ///
    /// Variables are lines of YAML that hold for all; own ones, by host, are the inside of a YAML object.
    func play(
        _ groups: [String: [String]], _ variables: String, own: [String: String] = [:], _ options: String...
    ) async throws -> Outcome {
        var inventory = """
            all:
              vars:
                ansible_connection: local
                ansible_python_interpreter: /usr/bin/python3
                ansible_become: false

            """
        for line in variables.split(separator: "\n") { inventory += "    \(line)\n" }
        inventory += "  children:\n"
        for (group, hosts) in groups {
            inventory += "    \(group):\n      hosts:\n"
            for host in hosts {
                let socket = host == "worker" ? "container_images_target_path: /run/worker.sock, " : ""
                inventory += "        \(host): { \(socket)\(own[host] ?? "") }\n"
            }
        }
        let path = try directory.write(inventory, to: "inventory.yml")
        // Quicker; but as it is by itself where it is asked what it leaves behind.
        let pipelining = options.contains("-vvv") ? "0" : "1"
        let script = """
            cd '\(Program.root)/firstboot/ansible' &&
            HOME='\(directory.path("home"))' LC_ALL=C.UTF-8 ANSIBLE_NOCOLOR=1 \
            ANSIBLE_PIPELINING=\(pipelining) ansible-playbook --inventory '\(path)' site.yml "$@"
            """
        let result = try await system.run(["sh", "-c", script, "sh"] + options)
        return Outcome(result)
    }

    /// The IDs of the images of a bundle, by name.
    func imageIDs(_ output: String = "bundle") async throws -> [String: String] {
        var identifiers: [String: String] = [:]
        for image in try await program.inspect(output).member("images").elements() {
            let manifest = try #require(try image.member("manifests").elements().first)
            for name in try image.member("names").elements() {
                identifiers[try name.string()] = try manifest.member("config").string()
            }
        }
        return identifiers
    }

    /// The IDs of the images that a docker has, by name.
    func images(_ socket: String) async throws -> [String: String] {
        let lines = try await system.run(
            "docker", "-H", "unix:///run/\(socket).sock", "image", "ls", "--no-trunc", "--format",
            "{{.Repository}}:{{.Tag}} {{.ID}}"
        ).outputText.split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let parts = line.split(separator: " ").map(String.init)
                return (parts[0], parts[1])
            })
    }
}

extension AnsibleScene.Outcome {
    /// Reads the recap, one line a host: `name : ok=1 changed=0 unreachable=0 failed=0 …`.
    init(_ result: CommandResult) {
        status = result.status
        text = result.outputText + result.errorText
        let lines = result.outputText.split(separator: "\n").filter { $0.contains(" ok=") && $0.contains(" failed=") }
        func counts(_ name: String) -> [String: Int] {
            var counts: [String: Int] = [:]
            for line in lines {
                let words = line.split(separator: " ")
                counts[String(words[0])] = words.first { $0.hasPrefix(name + "=") }
                    .flatMap { Int($0.dropFirst(name.count + 1)) }
            }
            return counts
        }
        changed = counts("changed")
        failed = counts("failed")
    }
}
