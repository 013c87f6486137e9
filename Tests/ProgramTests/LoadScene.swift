import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// A bundle of images that run, of which each stands on parts of another, and what a load of it needs.
struct LoadScene: Sendable {
    let program: Program
    /// By name.
    let images: [(name: String, image: ImageFixture)]

    /// Layers of about so many bytes, of each image those above the one with the program, by number from 0 to 3.
    ///
    /// By default the second stands on all layers of the first, and the third on the lowest.
    init(size: Int = 1 << 20, stacks: [[Int]] = [[0, 1], [0, 1, 2], [0, 3]]) async throws {
        program = try await Program()
        let base = try await ImageFactory.programLayer()
        var layers: [LayerFixture] = []
        for seed: UInt64 in 1...4 {
            layers.append(
                try await ImageFactory.files(seed: seed, count: 40, size: size / 40, compression: .none))
        }
        images = stacks.enumerated().map { number, stack in
            ("local/image-\(number):1", ImageFixture([base] + stack.map { layers[$0] }))
        }
        var set = ImageSet()
        for (number, image) in images.enumerated() { set.add(image.image, tag: "\(number)") }
        try set.write(to: program.directory.path("layout"))
        try await build()
    }

    /// Builds the bundle, or another one of the same images.
    func build(version: Int = 1, output: String = "bundle") async throws {
        let lines = images.enumerated().map { "  - image: oci-layout:./layout@\($0)\n    as: [\($1.name)]" }
        let spec = try program.spec(lines.joined(separator: "\n"), name: "spec-\(version).yaml", version: version)
        try await program.build(spec, output: output, more: ["--level", "1"])
    }

    /// `bundle load`, with `state` in the program's directory as the state.
    func load(_ socket: String, state: String? = nil, bundle: String = "bundle", _ more: String...) -> Command {
        program.command(
            [
                "load", program.directory.path(bundle), "--trust", program.trusted, "--host", socket,
                "--state", state ?? program.directory.path("state"), "--no-progress",
            ] + more)
    }

    /// `bundle-firstboot` with a configuration of its own, written by this call.
    func firstBoot(
        _ socket: String, state: String? = nil, ready: String? = nil, bundle: String = "bundle", wait: Int = 600
    ) async throws -> Command {
        let directory = program.directory
        if !program.exists("trust") {
            try directory.makeDirectory("trust")
            try directory.write(try directory.read("keys/release.pub"), to: "trust/release.pub")
        }
        let name = "firstboot-\(UUID().uuidString).env"
        try directory.write(
            """
            LOAD_IMAGE=true
            BUNDLE_PATH=\(directory.path(bundle))
            TARGET_PATH=\(socket)
            TRUST_DIR=\(directory.path("trust"))
            STATE_DIR=\(state ?? directory.path("state"))
            READY_DIR=\(ready ?? directory.path("ready"))
            WAIT=\(wait)

            """, to: name)
        var command = program.command(["--config", directory.path(name)])
        command.program = Program.path + "-firstboot"
        return command
    }

    /// Demands that every image is there under its name, that each of its files is as it was made, and that it runs.
    ///
    /// Where one is named by its position only that one is run; where some are named, only those are looked at.
    func expectImages(
        in docker: DockerDaemon, _ what: String = "", running: Int? = nil, only positions: [Int]? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for (number, (name, image)) in images.enumerated() where positions?.contains(number) ?? true {
            let id = try await docker.docker("inspect", "--format", "{{.Id}}", name)
            #expect(id == image.imageID.description, "\(what): \(name)", sourceLocation: sourceLocation)
            let folders = image.layers.count > 1 ? ["bin", "usr"] : ["bin"]
            let difference = try await docker.difference(
                name, from: image.layers, in: folders, runs: running == nil || running == number)
            #expect(difference == nil, "\(what)", sourceLocation: sourceLocation)
        }
    }

    /// Loads once more and demands that nothing is left to do.
    func expectNothingToDo(
        _ socket: String, state: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let receipt = try JSONNode(parsing: try await load(socket, state: state, "--json").check().output)
        let results = try receipt.member("images").elements().map { try $0.member("result").string() }
        #expect(results == images.map { _ in "present" }, sourceLocation: sourceLocation)
    }

    /// Removes images that are there, all when none are named by their positions.
    func removeImages(_ positions: [Int]? = nil, from docker: DockerDaemon) async throws {
        let ids = (positions ?? Array(images.indices)).map { images[$0].image.imageID.description }
        let there = Set(
            try await docker.docker("images", "--all", "--quiet", "--no-trunc").split(separator: "\n").map(String.init))
        guard !there.isDisjoint(with: ids) else { return }
        try await docker.docker(["rmi", "--force"] + ids.filter(there.contains))
    }
}
