import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle prune` as people run it: after loads, beside other products, and killed.
@Suite struct PruneCommandTests {
    private let program: Program
    private let directory: TemporaryDirectory

    init() async throws {
        program = try await Program()
        directory = program.directory
        try directory.makeDirectory("storage")
        var images = ImageSet()
        let base = try await ImageFactory.files(seed: 1, count: 3, size: 4_000)
        for (number, tag) in ["a1", "a2", "b1"].enumerated() {
            let own = try await ImageFactory.files(seed: UInt64(2 + number), count: 4, size: 1_000_000)
            images.add(ImageFixture([base, own]), tag: tag)
        }
        try images.write(to: directory.path("layout"))
        try await build("a", 1, ["a1"])
        try await build("a", 2, ["a2"])
        try await build("b", 1, ["b1"])
    }

    private func build(_ product: String, _ version: Int, _ tags: [String], output: String? = nil) async throws {
        let lines = tags.map { "  - image: oci-layout:./layout@\($0)\n    as: [local/\($0):1]" }
        let spec = try directory.write(
            "product: \(product)\nversion: \(version)\nplatforms: [linux/amd64]\nimages:\n"
                + lines.joined(separator: "\n") + "\n", to: "spec.yaml")
        try? FileManager.default.removeItem(atPath: directory.path("spec.lock.json"))
        try await program.build(spec, output: output ?? "\(product)-\(version)")
    }

    private var registry: [String] {
        [
            "--trust", program.trusted, "--target", "registry-dir", "--path", directory.path("storage"), "--state",
            directory.path("state"), "--no-progress", "--wait", "0",
        ]
    }

    private func load(_ bundles: String..., more: [String] = []) async throws {
        for bundle in bundles {
            try await program.command(["load", directory.path(bundle)] + registry + more).check()
        }
    }

    private func prune(_ bundles: String..., more: [String]) -> Command {
        program.command(["prune"] + bundles.map(directory.path) + registry + more)
    }

    /// What became of each image, by the tag that its reference ends in.
    private func results(_ command: Command) async throws -> [String: String] {
        let images = try JSONNode(parsing: try await command.check().output).member("images").elements()
        return try images.reduce(into: [:]) {
            $0[String(try $1.member("reference").string().suffix(2))] = try $1.member("result").string()
        }
    }

    private func tags() throws -> Set<String> {
        let path = directory.path("storage/docker/registry/v2/repositories/local")
        return Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
    }

    @Test func `only what its journal knows goes, after a look at the plan`() async throws {
        // Loaded with another state: here nothing is known of it.
        try await load("b-1", more: [])
        try program.remove("state")
        try await load("a-1", "a-2")
        let before = try program.tree("storage")
        let state = try program.tree("state")
        #expect(
            try await results(prune("a-2", more: ["--dry-run", "--json"])) == ["a1": "remove", "a2": "keep"])
        let shown = try await prune("a-2", more: []).run()
        #expect(shown.status == .exited(64) && shown.outputText.contains("remove "))
        #expect(shown.errorText.contains("--yes"))
        #expect(try program.tree("storage") == before && program.tree("state") == state)
        #expect(try await results(prune("a-2", more: ["--yes", "--json"])) == ["a1": "remove", "a2": "keep"])
        #expect(try tags() == ["a2", "b1"])
        #expect(try await prune("a-2", more: []).check().outputText.contains("nothing to remove"))
        #expect(try await results(prune("a-2", more: ["--dry-run", "--json"])) == ["a2": "keep"])
    }

    /// What the receipts of prunes say became of images, by the tag that their references end in.
    private func receipts() throws -> [[String: String]] {
        let lines = try directory.read("state/receipts.jsonl").split(separator: 0x0A).map { Array($0) }
        return try lines.map { try JSONNode(parsing: $0) }.filter { try $0.member("command").string() == "prune" }.map {
            try $0.member("images").elements().reduce(into: [:]) {
                $0[String(try $1.member("reference").string().suffix(2))] = try $1.member("result").string()
            }
        }
    }

    /// `bundle-firstboot`, which writes ready markers into `ready`.
    private func firstBoot(_ bundle: String) async throws {
        if !program.exists("trust") {
            try directory.makeDirectory("trust")
            try directory.write(try directory.read("keys/release.pub"), to: "trust/release.pub")
        }
        let configuration = try directory.write(
            """
            LOAD_IMAGE=true
            BUNDLE_PATH=\(directory.path(bundle))
            TARGET=registry-dir
            TARGET_PATH=\(directory.path("storage"))
            TRUST_DIR=\(directory.path("trust"))
            STATE_DIR=\(directory.path("state"))
            READY_DIR=\(directory.path("ready"))
            WAIT=0

            """, to: bundle + ".env")
        var command = program.command(["--config", configuration])
        command.program = Program.path + "-firstboot"
        try await command.check()
    }

    @Test func `what goes leaves a receipt, and takes its ready markers along`() async throws {
        func markers() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: directory.path("ready")).filter { !$0.hasPrefix(".") }
                .sorted()
        }
        try await firstBoot("a-1")
        let old = try markers()
        try await firstBoot("a-2")
        let both = try markers()
        #expect(old.count == 2 && both.count == 4)
        try await prune("a-2", more: ["--dry-run"]).check()
        #expect(try receipts().isEmpty && markers() == both)
        try await prune("a-2", more: ["--yes"]).check()
        #expect(try receipts() == [["a1": "removed", "a2": "keep"]])
        #expect(try markers() == both.filter { !old.contains($0) })
        let status = program.command(["--status", "--config", directory.path("a-2.env")])
        let shown = try await Command(Program.path + "-firstboot", status.arguments).check().outputText
        #expect(shown.contains("removed   oci-layout:./layout@a1"))
        // After a boot there are none.
        try program.remove("ready")
        try await prune("a-2", more: ["--yes"]).check()
        #expect(try receipts().count == 2 && !program.exists("ready"))
    }

    @Test func `what the bundle of another product needs stays until that is given`() async throws {
        try await build("b", 2, ["a1"])
        try await build("b", 3, ["b1"])
        // The second finds its image as the first brought it.
        try await load("a-1", "b-2", "a-2")
        #expect(try await results(prune("a-2", more: ["--yes", "--json"])) == ["a1": "keep", "a2": "keep"])
        #expect(try await results(prune("a-2", "b-2", more: ["--yes", "--json"])) == ["a1": "keep", "a2": "keep"])
        try await load("b-3")
        #expect(
            try await results(prune("a-2", "b-3", more: ["--yes", "--json"]))
                == ["a1": "remove", "a2": "keep", "b1": "keep"])
        #expect(try tags() == ["a2", "b1"])
    }

    @Test func `an older bundle makes no newer one go`() async throws {
        try await load("a-1", "a-2")
        #expect(try await prune("a-1", more: ["--yes"]).run().status == .exited(3))
        #expect(try await prune("a-1", more: ["--yes", "--old", directory.path("a-2")]).run().status == .exited(3))
        try program.remove("state")
        #expect(try await prune("a-1", more: ["--yes", "--old", directory.path("a-2")]).run().status == .exited(64))
        #expect(try tags() == ["a1", "a2"])
    }

    @Test func `without a state older bundles say what was loaded`() async throws {
        try await load("a-1", "a-2")
        try program.remove("state")
        #expect(try await prune("a-2", more: ["--yes"]).run().status == .exited(5))
        // Its packs are not needed.
        let old = try FileManager.default.contentsOfDirectory(atPath: directory.path("a-1/blobs/sha256"))
            .map { "a-1/blobs/sha256/" + $0 }
        let pack = try #require(try old.max { try directory.read($0).count < directory.read($1).count })
        try program.remove(pack)
        let more = ["--yes", "--json", "--old", directory.path("a-1")]
        #expect(try await results(prune("a-2", more: more)) == ["a1": "remove"])
        #expect(try tags() == ["a2"])
        #expect(!program.exists("state"))
    }

    @Test func `options that do not fit are refused`() async throws {
        try await load("a-1")
        for more in [["--json"], ["--dry-run", "--yes"], ["--host", "/run/docker.sock"]] {
            #expect(try await prune("a-1", more: more).run().status == .exited(64))
        }
        #expect(try await program.command(["prune"] + registry).run().status == .exited(64))
    }

    @Test(.enabled(if: Toolbox.has("strace", "docker-registry", "skopeo")))
    func `a prune that is killed in any removal is completed by the next`() async throws {
        try await load("a-1", "a-2", "b-1")
        try FileManager.default.copyItem(atPath: directory.path("storage"), toPath: directory.path("full"))
        try FileManager.default.copyItem(atPath: directory.path("state"), toPath: directory.path("full-state"))
        let command = prune("a-2", "b-1", more: ["--yes"])
        try await command.check()
        let wanted = Set(try program.tree("storage").keys)
        var kills = 0
        // Every third removal of a file or a directory.
        for moment in stride(from: 1, to: 200, by: 3) {
            for (from, to) in [("full", "storage"), ("full-state", "state")] {
                try program.remove(to)
                try FileManager.default.copyItem(atPath: directory.path(from), toPath: directory.path(to))
            }
            let killed = command.injecting("signal=KILL:when=\(moment)", in: "unlinkat")
            guard try await killed.run().status == .signalled(9) else { break }
            kills += 1
            // What stays is whole: each link leads to a blob.
            #expect(
                try await directory.shell(
                    """
                    cd storage/docker/registry/v2 && find repositories -name link | while read -r link; do
                        hex=$(sed s/sha256:// "$link")
                        [ -f "blobs/sha256/$(printf %.2s "$hex")/$hex/data" ] || exit 1
                    done
                    """), "killed at \(moment)")
            try await command.check()
            let found = Set(try program.tree("storage").keys)
            #expect(found == wanted, "killed at \(moment): \(found.symmetricDifference(wanted))")
            let told = try receipts().compactMap { $0["a1"] }
            #expect(told.contains { $0 == "removed" || $0 == "absent" }, "killed at \(moment): \(told)")
        }
        #expect(kills > 10)
        let served = try await DockerRegistry(storage: directory.path("storage"))
        for tag in ["a2", "b1"] {
            try await Command(
                "skopeo",
                ["--insecure-policy", "copy", "--src-tls-verify=false"]
                    + ["docker://" + served.reference("local/\(tag):1"), "dir:" + directory.path("pulled-" + tag)]
            ).check()
        }
    }

    @Test(.enabled(if: Toolbox.hasDockerDaemon)) func `docker gets its room back, unless a container needs it`()
        async throws
    {
        let docker = try await DockerDaemon()
        func load(_ bundle: String) async throws {
            try await program.command(["load", directory.path(bundle)] + options).check()
        }
        let options = [
            "--trust", program.trusted, "--host", docker.socket, "--state", directory.path("state"), "--no-progress",
        ]
        func size() async throws -> Int {
            let text = try await Command.text("du", "-sk", docker.dataRoot + "/overlay2")
            return Int(text.prefix { $0.isNumber }) ?? 0
        }
        try await load("a-1")
        try await load("a-2")
        let before = try await size()
        try await docker.docker("create", "--name=keeper", "local/a1:1")
        let command = program.command(["prune", directory.path("a-2"), "--yes"] + options)
        let held = try await command.run()
        #expect(held.status == .exited(7) && held.outputText.contains("keeper"))
        try await docker.docker("rm", "keeper")
        try await command.check()
        #expect(try await docker.docker("images", "--format", "{{.Repository}}") == "local/a2")
        // Four files of at least half a megabyte each.
        #expect(try await size() < before - 1_900)
    }
}
