import Foundation
import StrictJSON
import TestSupport
import Testing

/// The units of firstboot/ as systemd runs them, with the static loader, everything installed by install.sh.
@Suite(
    .serialized,
    .enabled(if: StaticLoader.isTestable && Toolbox.hasDockerDaemon && Toolbox.has("/lib/systemd/systemd", "unshare")))
struct BootTests {
    private let program: Program
    private var directory: TemporaryDirectory { program.directory }

    init() async throws {
        program = try await Program()
        try await ImageFactory.write(.sharedBase, to: program.directory.path("layout"))
        let lines = ["one", "two", "three"].map { "  - image: oci-layout:./layout@\($0)\n    as: [local/\($0):1]" }
        try await program.build(try program.spec(lines.joined(separator: "\n")))
        try program.directory.makeDirectory("engine")
    }

    /// What is done before each boot: install.sh, a docker, and units that wait for images.
    private func script(_ configuration: String, more: String = "") throws -> String {
        try directory.write(configuration, to: "site.env")
        try directory.write(
            """
            [Service]
            Type=notify
            ExecStart=/usr/sbin/dockerd --data-root \(directory.path("engine")) --exec-root /run/engine \
            -H unix:///run/docker.sock --pidfile /run/engine.pid --bridge=none --iptables=false
            """, to: "docker.service")
        for (name, image) in [("good", "local-two:1"), ("bad", "local-none:1")] {
            let target = "bundle-image@docker.io-\(image).target"
            try directory.write(
                """
                [Unit]
                Requires=docker.service \(target)
                After=docker.service \(target)
                [Service]
                Type=oneshot
                RemainAfterExit=yes
                ExecStart=/usr/bin/docker -H unix:///run/docker.sock create --name \(name) local/two:1 true
                """, to: name + ".service")
        }
        return """
            # What this machine has loaded itself is not there at the first boot.
            [ -d srv/bundle ] || rm -rf var/lib/bundle
            '\(Program.root)/firstboot/install.sh' --root "$PWD" --binary '\(StaticLoader.path)' \
                --key '\(program.trusted)' --env '\(directory.path("site.env"))' >'\(directory.path("installed"))'
            cp '\(directory.path("site.env"))' etc/bundle/firstboot.env
            # The loader has a /tmp of its own.
            [ -d srv/bundle ] || cp -r '\(directory.path("bundle"))' srv/bundle
            \(more)
            """
    }

    private static let dockerUnits = """
        cp "$DIRECTORY"/docker.service "$DIRECTORY"/good.service "$DIRECTORY"/bad.service etc/systemd/system/
        for unit in docker good bad; do
            ln -s ../$unit.service etc/systemd/system/multi-user.target.wants/$unit.service
        done
        """

    private func receipts(_ system: BootedSystem, _ state: String = "/var/lib/bundle") async throws -> [JSONNode] {
        try await system.run("cat", state + "/receipts.jsonl").outputText.split(separator: "\n")
            .map { try JSONNode(parsing: Array($0.utf8)) }
    }

    private func results(_ receipt: JSONNode?) throws -> [String] {
        try #require(receipt).member("images").elements().map { try $0.member("result").string() }
    }

    private static let loader = "bundle-firstboot.service"

    @Test func `docker is filled at the first boot, and units wait for their images only`() async throws {
        let units = Self.dockerUnits.replacing("\"$DIRECTORY\"", with: "'\(directory.path)'")
        let system = try await BootedSystem(
            script("LOAD_IMAGE=true\nBUNDLE_PATH=/srv/bundle\n", more: units))
        let status = try await system.run("systemctl", "status", "--no-pager", Self.loader).outputText
        #expect(try await system.property("ActiveState", of: Self.loader) == "active", "\(status)")
        #expect(status.contains("Status: \"done: 3 images, "), "\(status)")
        let markers = try await system.run("ls", "/run/bundle/ready").outputText
        #expect(
            ["one", "two", "three"].allSatisfy { markers.contains("docker.io-local-\($0):1\n") }, "\(markers)")
        // Not those of root alone, and nothing else there is writable for others.
        #expect(try await system.run("stat", "--format=%a %U", "/var/lib/bundle").outputText == "700 root\n")
        #expect(try await system.run("stat", "--format=%a %U", "/run/bundle/ready").outputText == "755 root\n")
        #expect(try results(await receipts(system).last) == ["loaded", "loaded", "loaded"])
        // The one unit started after its image was there, the other never.
        let good = try await system.run("systemctl", "status", "--no-pager", "good.service").outputText
        #expect(try await system.property("ActiveState", of: "good.service") == "active", "\(good)")
        #expect(try await system.property("ActiveState", of: "bad.service") == "inactive")
        let waiter = "bundle-image@docker.io-local-none:1.service"
        #expect(try await system.property("ExecMainStatus", of: waiter) == "5")
        #expect(try await system.property("NRestarts", of: waiter) == "0")

        // A boot with everything there loads nothing, and marks everything.
        try await system.reboot()
        #expect(try await system.property("ActiveState", of: Self.loader) == "active")
        let kept = try await system.run("cat", "/var/lib/bundle/receipts.jsonl").outputText
        #expect(try await receipts(system).count == 2, "\(kept)")
        #expect(try results(await receipts(system).last) == ["present", "present", "present"])
        #expect(try await system.run("ls", "/run/bundle/ready").outputText == markers)

        // Online sites load nothing.
        let env = "/etc/bundle/firstboot.env"
        _ = try await system.run("sed", "--in-place", "s/^LOAD_IMAGE=.*/LOAD_IMAGE=false/", env)
        #expect(try await system.run("systemctl", "restart", Self.loader).status == .exited(0))
        #expect(try await system.property("StatusText", of: Self.loader).hasPrefix("LOAD_IMAGE is false"))
        #expect(try await receipts(system).count == 2)

        // A failure is one sentence.
        _ = try await system.run(
            "sed", "--in-place", "s/^LOAD_IMAGE=.*/LOAD_IMAGE=true/;s,^BUNDLE_PATH=.*,BUNDLE_PATH=/no/bundle,", env)
        #expect(try await system.run("systemctl", "restart", Self.loader).status == .exited(1))
        let failed = try await system.run("systemctl", "status", "--no-pager", Self.loader).outputText
        #expect(
            failed.contains("status=5") && failed.contains("Status: \"failed: ") && failed.contains("/no/bundle"),
            "\(failed)")

        // Who waits for a loader that is killed does not wait for ever.
        _ = try await system.run("sed", "--in-place", "s,^BUNDLE_PATH=.*,BUNDLE_PATH=LABEL=NOWHERE,", env)
        _ = try await system.run("systemctl", "restart", "--no-block", Self.loader)
        var end = ContinuousClock.now + .seconds(60)
        while try await system.run("test", "-e", "/run/bundle/ready/.ended").status == .exited(0),
            ContinuousClock.now < end
        {}
        let late = "bundle-image@late.service"
        _ = try await system.run("systemctl", "start", "--no-block", late)
        end = ContinuousClock.now + .seconds(60)
        while try await system.property("ActiveState", of: late) != "activating", ContinuousClock.now < end {}
        _ = try await system.run("systemctl", "kill", "--signal=KILL", Self.loader)
        end = ContinuousClock.now + .seconds(60)
        while try await system.property("ActiveState", of: late) == "activating", ContinuousClock.now < end {}
        #expect(try await system.property("ExecMainStatus", of: late) == "5")
    }

    @Test func `a medium fills a registry of another user, with the state elsewhere`() async throws {
        let label = "T" + String(UInt64.random(in: 1 << 40...1 << 45), radix: 36).uppercased()
        let image = directory.path("medium.img")
        try await Command("truncate", ["--size=64M", image]).check()
        try await Command("mkfs.ext4", ["-q", "-L", label, "-d", directory.path("bundle"), image]).check()
        let device = try await Command.text("losetup", "--find", "--show", "--read-only", image)
        let more = """
            mkdir -p srv/registry srv/state etc/systemd/system/bundle-firstboot.service.d
            chown 1000:1001 srv/registry && chmod 0750 srv/registry && chmod 0700 srv/state
            # As firstboot/README.md says.
            awk '/^```$/ && on { exit } on { print } /^```ini$/ { on = 1 }' '\(Program.root)/firstboot/README.md' \
                >etc/systemd/system/bundle-firstboot.service.d/registry.conf
            echo 'ReadWritePaths=/srv/state' >>etc/systemd/system/bundle-firstboot.service.d/registry.conf
            """
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await fillRegistry(from: label, more)) } catch { outcome = .failure(error) }
        try await Command("losetup", ["--detach", device]).check()
        try outcome.get()
    }

    private func fillRegistry(from label: String, _ more: String) async throws {
        let system = try await BootedSystem(
            script(
                """
                LOAD_IMAGE=true
                BUNDLE_PATH=LABEL=\(label)
                TARGET=registry-dir
                TARGET_PATH=/srv/registry
                STATE_DIR=/srv/state

                """, more: more))
        let status = try await system.run("systemctl", "status", "--no-pager", "--full", Self.loader).outputText
        #expect(try await system.property("ActiveState", of: Self.loader) == "active", "\(status)")
        #expect(try results(await receipts(system, "/srv/state").last) == ["loaded", "loaded", "loaded"])
        let foreign = try await system.run("find", "/srv/registry", "!", "-uid", "1000", "-o", "!", "-gid", "1001")
        #expect(foreign.outputText.isEmpty)
        #expect(
            try await system.run(
                "cat", "/srv/registry/docker/registry/v2/repositories/local/one/_manifests/tags/1/current/link"
            ).outputText.hasPrefix("sha256:"))
        // The medium was seen by the loader alone, and is released.
        #expect(try await system.run("ls", "-A", "/srv/state/medium").status != .exited(0))
        #expect(!(try await system.run("cat", "/proc/1/mounts").outputText.contains("/srv/state/medium")))
    }
}
