import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// Examples of bundle-specs as they are shipped, built for a site with a registry of its own.
@Suite(.enabled(if: Toolbox.has("docker-registry", "curl"))) struct ExampleBuildTests {
    private static func registry(_ names: [String]) async throws -> DockerRegistry {
        let registry = try await DockerRegistry()
        for (number, name) in names.enumerated() {
            var images = ImageSet()
            images.add(try await ImageFactory.small(seed: UInt64(number)), tag: "image")
            try await Push.requests(images, tag: "image", as: name, to: registry)
        }
        return registry
    }

    /// Builds an example with a lock elsewhere, so that nothing is written beside it; gives its references.
    private static func build(_ name: String, _ program: Program, set: [String: String]) async throws -> [String] {
        let spec = "\(Program.root)/bundle-specs/\(name).yaml"
        let lock = program.directory.path("\(name).lock.json")
        let variables = set.flatMap { ["--set", "\($0.key)=\($0.value)"] }
        try await program.command(["lock", spec, "--output", lock] + variables).check()
        try await program.build(spec, more: ["--lock", lock] + variables)
        try await program.expectWhole()
        return try await program.inspect().member("images").elements().map { try $0.member("reference").string() }
    }

    @Test func `releases side by side at a site`() async throws {
        let registry = try await Self.registry(["acme/chromium:3.0", "acme/chromium:2.9", "acme/selenium:4.20"])
        let program = try await Program()
        let references = try await Self.build(
            "releases-side-by-side", program,
            set: [
                "REGISTRY_URL": registry.host, "REGISTRY_ENV": "acme/", "CURRENT": "3.0", "PREVIOUS": "2.9",
                "SELENIUM_VERSION": "4.20",
            ])
        #expect(
            references
                == ["acme/chromium:3.0", "acme/chromium:2.9", "acme/selenium:4.20"].map { registry.reference($0) })
    }

    @Test func `a site with workers and managers`() async throws {
        let names = ["agent:3.1.0", "scheduler:5.2.1", "chromium:2.8.0", "telemetry:1.9.3"].map { "acme/" + $0 }
        let registry = try await Self.registry(names)
        let program = try await Program()
        let references = try await Self.build("worker-manager-site", program, set: ["REGISTRY_URL": registry.host])
        #expect(references == names.map { registry.reference($0) })
        let images = try await program.inspect().member("images").elements()
        #expect(try images.map { try $0.member("tags").string() } == ["fail", "keep", "keep", "move"])
        #expect(try images[2].member("groups").elements().map { try $0.string() } == ["provision_worker"])
    }
}
