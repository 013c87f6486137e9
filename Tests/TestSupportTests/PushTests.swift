import Cryptography
import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct PushTests {
    static func manifest(of name: String, in registry: DockerRegistry) async throws -> String {
        let result = try await Command(
            "skopeo",
            ["inspect", "--raw", "--tls-verify=false", "docker://" + registry.reference(name)]
                + (registry.credentials.map { ["--creds", $0.username + ":" + $0.password] } ?? [])
        ).check()
        return result.outputText
    }

    @Test(
        .enabled(if: Toolbox.has("docker-registry", "skopeo")),
        arguments: ImageFactory.Scenario.allCases.filter { $0 != .dockerSchema2 })
    func `skopeo pushes every scenario with its digest`(scenario: ImageFactory.Scenario) async throws {
        let registry = try await DockerRegistry()
        let directory = try TemporaryDirectory()
        let images = try await ImageFactory.write(scenario, to: directory.path("layout"))
        for name in images.names {
            try await Push.skopeo(directory.path("layout"), tag: name.tag, as: "a/b:\(name.tag)", to: registry)
            #expect(try await Push.digest(of: "a/b:\(name.tag)", in: registry) == name.descriptor.digest)
        }
    }

    @Test(.enabled(if: Toolbox.has("docker-registry", "curl")), arguments: ImageFactory.Scenario.allCases)
    func `bare requests push every scenario with its digest`(scenario: ImageFactory.Scenario) async throws {
        let registry = try await DockerRegistry()
        let images = try await ImageFactory.make(scenario)
        for name in images.names {
            try await Push.requests(images, tag: name.tag, as: "a/b:\(name.tag)", to: registry)
            #expect(try await Push.digest(of: "a/b:\(name.tag)", in: registry) == name.descriptor.digest)
        }
    }

    @Test(.enabled(if: Toolbox.has("docker-registry", "skopeo")))
    func `skopeo makes docker manifests of OCI ones`() async throws {
        let registry = try await DockerRegistry()
        let directory = try TemporaryDirectory()
        try await ImageFactory.write(.sharedBase, to: directory.path("layout"))
        try await Push.skopeo(
            directory.path("layout"), tag: "one", as: "s:1", to: registry, keepsDigests: false,
            options: ["--format", "v2s2"])
        #expect(try await Self.manifest(of: "s:1", in: registry).contains(MediaType.dockerManifest.rawValue))
    }

    @Test(.enabled(if: Toolbox.hasDockerDaemon && Toolbox.has("docker-registry", "skopeo")))
    func `docker pushes images with every kind of entry`() async throws {
        let registry = try await DockerRegistry(credentials: .init(username: "u", password: "p"))
        let daemon = try await DockerDaemon()
        let directory = try TemporaryDirectory()
        for (scenario, tag) in [(ImageFactory.Scenario.everything, "everything"), (.hundredLayers, "hundred")] {
            try await ImageFactory.write(scenario, to: directory.path("layout"))
            try await Push.docker(directory.path("layout"), tag: tag, as: "d:\(tag)", to: registry, daemon: daemon)
            let text = try await Self.manifest(of: "d:\(tag)", in: registry)
            #expect(text.contains(MediaType.dockerManifest.rawValue))
        }
    }

    @Test(.enabled(if: Toolbox.has("docker-registry", "podman")))
    func `podman pushes images`() async throws {
        let registry = try await DockerRegistry(credentials: .init(username: "u", password: "p"), tls: true)
        let directory = try TemporaryDirectory()
        let images = try await ImageFactory.write(.everything, to: directory.path("layout"))
        try await Push.podman(directory.path("layout"), tag: "everything", as: "p:1", to: registry)
        let text = try await Self.manifest(of: "p:1", in: registry)
        #expect(text.contains("gzip"))
        try await Push.requests(images, tag: "everything", as: "q:1", to: registry)
        #expect(try await Push.digest(of: "q:1", in: registry) == images.names[0].descriptor.digest)
    }
}
