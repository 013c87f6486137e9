import BundleFormat
import BundleLoader
import Cryptography
import Foundation
import TestSupport
import Testing

/// What lies in firstboot/: the templates, the units and the script that installs them.
@Suite struct InstallationTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "firstboot").path
    private static let units = ["bundle-firstboot.service", "bundle-image@.service", "bundle-image@.target"]

    private let home: TemporaryDirectory

    init() throws {
        home = try TemporaryDirectory()
        try home.makeDirectory("root")
        try home.write("#!/bin/sh\n", to: "loader")
        #expect(chmod(home.path("loader"), 0o700) == 0)
    }

    @discardableResult
    private func install(_ arguments: String...) async throws -> CommandResult {
        try await Command(
            Self.folder + "/install.sh", ["--root", home.path("root"), "--binary", home.path("loader")] + arguments
        ).run()
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try home.read("root/" + path), as: UTF8.self)
    }

    private func mode(_ path: String) -> Int {
        var status = stat()
        return stat(home.path("root/" + path), &status) == 0 ? Int(status.st_mode & 0o7777) : -1
    }

    @Test func theTemplatesSayTheDefaults() throws {
        let bytes = Array(try Data(contentsOf: URL(filePath: Self.folder + "/firstboot.env")))
        let configuration = try FirstBootConfiguration(parsing: bytes, path: "firstboot.env")
        #expect(configuration == (try FirstBootConfiguration(parsing: [], path: "none")))
        // Without their '#' the lines are what is in force anyway, but for BUNDLE_PATH, which has no default.
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        let defaults = lines.filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") && !$0.hasPrefix("#BUNDLE_PATH") }
        #expect(defaults.count == FirstBootTemplate.keys.count - 2)
        let said = defaults.map { $0.dropFirst() }.joined(separator: "\n")
        #expect(try FirstBootConfiguration(parsing: Array(said.utf8), path: "said") == configuration)
        for line in lines where line.hasPrefix("#BUNDLE_PATH=") {
            let example = Array(line.dropFirst().utf8)
            #expect(try FirstBootConfiguration(parsing: example, path: "example").source != nil)
        }
        for key in FirstBootTemplate.keys {
            #expect(lines.contains { $0.hasPrefix("#\(key)=") || $0.hasPrefix("\(key)=") })
        }

        let policy = String(decoding: try Data(contentsOf: URL(filePath: Self.folder + "/policy")), as: UTF8.self)
        #expect(try LoadPolicy(parsing: Array(policy.utf8), path: "policy") == LoadPolicy())
        let examples = policy.split(separator: "\n").filter { !$0.hasPrefix("# ") }.map { $0.dropFirst() }
        #expect(examples.count == 7)
        #expect(throws: Never.self) {
            try LoadPolicy(parsing: Array(examples.joined(separator: "\n").utf8), path: "examples")
        }
    }

    @Test func everythingIsPlacedAndTheUnitIsEnabled() async throws {
        let key = try PrivateKey.generate(.ed25519).publicKey
        let pem = try home.write(key.pem, to: "acme.pub")
        let result = try await install("--key", pem)
        #expect(result.status == .exited(0), "\(result.errorText)")
        #expect(
            result.outputText.split(separator: "\n").allSatisfy { $0.hasPrefix("installed") || $0.hasPrefix("enabled") }
        )
        #expect(mode("usr/local/bin/bundle-firstboot") == 0o755)
        for unit in Self.units { #expect(mode("etc/systemd/system/" + unit) == 0o644) }
        #expect(mode("etc/bundle/firstboot.env") == 0o644)
        let link = home.path("root/etc/systemd/system/multi-user.target.wants/bundle-firstboot.service")
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: link)
                == "/etc/systemd/system/bundle-firstboot.service")
        // The loader takes what was installed.
        #expect(try TrustStore(directory: home.path("root/etc/bundle/trust.d")).keys.keys == [key])
        #expect(
            try !FirstBootConfiguration.read(path: home.path("root/etc/bundle/firstboot.env"), environment: [:])
                .loadImage)
    }

    @Test func installingAgainKeepsWhatPeopleWrote() async throws {
        let first = try await install()
        #expect(first.status == .exited(0))
        #expect(first.errorText.contains("no key is trusted yet"))
        let again = try await install()
        #expect(!again.outputText.contains("installed"))
        #expect(again.status == .exited(0))
        try home.write("LOAD_IMAGE=true\nBUNDLE_PATH=/b\n", to: "root/etc/bundle/firstboot.env")
        try home.write("require: 2\n", to: "root/etc/bundle/trust.d/policy")
        try home.write("old", to: "root/etc/systemd/system/bundle-image@.target")
        let other = try home.write("WAIT=1", to: "other.env")
        let third = try await install("--env", other)
        let kept = home.path("root/etc/bundle/firstboot.env")
        #expect(third.outputText.contains("kept       \(kept), which differs from \(other)"))
        #expect(third.outputText.contains("installed  \(home.path("root/etc/systemd/system/bundle-image@.target"))"))
        #expect(try text("etc/bundle/firstboot.env") == "LOAD_IMAGE=true\nBUNDLE_PATH=/b\n")
        #expect(try text("etc/bundle/trust.d/policy") == "require: 2\n")
        #expect(try text("etc/systemd/system/bundle-image@.target").contains("[Unit]"))
    }

    @Test func mistakesChangeNothing() async throws {
        let key = try PrivateKey.generate(.ed25519)
        let good = try home.write(key.publicKey.pem, to: "good.pub")
        let secret = try home.write(key.pem, to: "secret.pub")
        let both = try home.write(key.publicKey.pem + key.pem, to: "both.pub")
        let pem = try home.write(key.publicKey.pem, to: "good.pem")
        for (arguments, status) in [
            (["--frobnicate"], 64), (["--key"], 64), (["--key", ""], 64), (["--key", pem], 64),
            (["--key", good, "--key", home.path("absent.pub")], 1), (["--key", secret], 1), (["--key", both], 1),
            (["--env", home.path("absent")], 1), (["--binary", home.path("absent")], 1),
            (["--root", home.path("absent")], 1), (["--policy", home.path("absent")], 1),
        ] as [([String], Int32)] {
            let result = try await Command(
                Self.folder + "/install.sh",
                ["--root", home.path("root"), "--binary", home.path("loader")] + arguments
            ).run()
            #expect(result.status == .exited(status), "\(arguments)")
            #expect(result.errorText.hasPrefix("install.sh: "))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.path("root")).isEmpty)
    }

    @Test func aTrustedKeyIsNeverReplaced() async throws {
        let name = try home.write(try PrivateKey.generate(.ed25519).publicKey.pem, to: "acme.pub")
        #expect(try await install("--key", name).status == .exited(0))
        let trusted = try text("etc/bundle/trust.d/acme.pub")
        try home.write(try PrivateKey.generate(.ed25519).publicKey.pem, to: "acme.pub")
        #expect(try await install("--key", name).status == .exited(1))
        #expect(try text("etc/bundle/trust.d/acme.pub") == trusted)
    }

    @Test(.enabled(if: Toolbox.has("systemd-analyze"))) func systemdTakesTheUnits() async throws {
        try home.makeDirectory("units")
        let files = try (Self.units + ["bundle-medium.service", "example-application.service"]).map { unit in
            let unitText = String(
                decoding: try Data(contentsOf: URL(filePath: Self.folder + "/" + unit)), as: UTF8.self)
            // Programs that are here; everything else is as it is installed.
            return try home.write(
                unitText.replacing("/usr/local/bin/bundle-firstboot", with: "/bin/true")
                    .replacing("/usr/bin/docker", with: "/bin/true"), to: "units/" + unit)
        }
        let result = try await Command(
            "systemd-analyze", ["verify", "--man=no"] + files,
            environment: ["SYSTEMD_UNIT_PATH": home.path("units") + ":/lib/systemd/system"]
        ).run()
        #expect(result.status == .exited(0))
        // What systemd does not know it only tells.
        let complaints = result.errorText.split(separator: "\n").filter { $0.contains(home.path("units")) }
        #expect(complaints.isEmpty)
    }

    @Test(
        .enabled(if: Toolbox.has("systemd-analyze")),
        arguments: [("bundle-firstboot.service", 20), ("bundle-medium.service", 20), ("bundle-image@.service", 12)]
    ) func theUnitsMayLittle(unit: String, threshold: Int) async throws {
        let result = try await Command(
            "systemd-analyze",
            ["security", "--offline=true", "--no-pager", "--threshold=\(threshold)", Self.folder + "/" + unit]
        ).run()
        #expect(result.status == .exited(0), "\(result.outputText.suffix(200))")
    }

    @Test func `what loads a medium that is plugged in may as much as what loads at boot`() throws {
        func lines(_ unit: String) throws -> Set<Substring> {
            let text = try String(contentsOfFile: Self.folder + "/" + unit, encoding: .utf8)
            return Set(text.split(separator: "\n").filter { !$0.hasPrefix("#") && !$0.hasPrefix("Description=") })
        }
        let atBoot = try lines("bundle-firstboot.service")
        let later = try lines("bundle-medium.service")
        #expect(atBoot.subtracting(later) == ["RemainAfterExit=yes", "[Install]", "WantedBy=multi-user.target"])
        #expect(
            later.subtracting(atBoot) == ["After=bundle-firstboot.service", "Environment=BUNDLE_PATH=LABEL=BUNDLE"])
    }

    @Test(.enabled(if: LoopDevice.isAvailable && Toolbox.has("udevadm", "unshare")), arguments: [true, false])
    func `a medium is loaded when it is plugged in, by its label`(isLabelled: Bool) async throws {
        let device = try await LoopDevice(
            "truncate -s 4M image && mkfs.vfat -n $LABEL image >&2", label: isLabelled ? "BUNDLE" : "OTHER")
        // Rules of our own alone, seen by nobody else.
        let line = """
            mkdir -p /run/udev && mount -t tmpfs none /run/udev && mkdir /run/udev/rules.d &&
            cp \(Self.folder)/80-bundle-medium.rules /run/udev/rules.d/ &&
            udevadm test --action=add /sys/class/block/\(device.name)
            """
        let result = try await Command("unshare", ["--mount", "sh", "-c", line]).check()
        let said = (result.outputText + result.errorText).split(separator: "\n")
        #expect(said.contains("ID_FS_LABEL=\(device.label)"))
        #expect(said.contains("SYSTEMD_WANTS=bundle-medium.service") == isLabelled)
    }

    @Test func `media that are plugged in are loaded only where somebody installed that`() async throws {
        #expect(try await install().status == .exited(0))
        let names = FileManager.default.enumerator(atPath: home.path("root"))?.allObjects as? [String] ?? []
        #expect(!names.isEmpty && !names.contains { $0.contains("medium") })
    }
}
