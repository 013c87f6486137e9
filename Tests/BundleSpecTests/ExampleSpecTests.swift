import BundleSpec
import Foundation
import OCI
import Testing

/// Every file in bundle-specs, as it is shipped.
@Suite struct ExampleSpecTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("bundle-specs").path

    private func load(
        _ name: String, set overrides: [String: String] = [:], environment: [String: String] = [:]
    ) throws -> Specification {
        try Specification.load(
            path: "\(Self.folder)/\(name).yaml", overrides: overrides, environment: environment)
    }

    private func names(_ specification: Specification) -> [String] {
        specification.images.flatMap(\.names).map(\.description)
    }

    @Test func `every example says what it is for and is tested here`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0.hasSuffix(".yaml") }
        #expect(
            files.sorted() == [
                "archives.yaml", "oci-layout.yaml", "private-registry.yaml", "releases-side-by-side.yaml",
                "single-image.yaml",
                "store-original.yaml", "two-platforms.yaml", "worker-manager-site.yaml",
            ])
        for file in files {
            #expect(try String(contentsOfFile: "\(Self.folder)/\(file)", encoding: .utf8).hasPrefix("# "), "\(file)")
        }
    }

    @Test func `a single image`() throws {
        let specification = try load("single-image")
        #expect(names(specification) == ["docker.io/library/debian:bookworm-slim"])
        #expect(specification.platforms == [.host])
    }

    @Test func `releases side by side, in production and at a site`() throws {
        #expect(
            names(try load("releases-side-by-side")) == [
                "registry.example.com/chromium:2.8.0", "docker.io/local/chromium:current",
                "registry.example.com/chromium:2.7.4", "docker.io/local/chromium:previous",
                "registry.example.com/selenium:4.10",
            ])
        let site = try load(
            "releases-side-by-side", set: ["REGISTRY_URL": "registry.site.example"],
            environment: ["REGISTRY_ENV": "acme/", "SELENIUM_VERSION": "4.20", "REGISTRY_URL": "unused.example"])
        #expect(site.images.first?.key == "registry.site.example/acme/chromium:2.8.0")
        #expect(site.images.last?.key == "registry.site.example/acme/selenium:4.20")
        #expect(site.images.map(\.tagPolicy) == [.move, .move, .keep])
    }

    @Test func `a private registry, whose credentials come from the environment`() throws {
        #expect(throws: SpecError(.undefinedVariable, "", file: "")) { try load("private-registry") }
        let specification = try load(
            "private-registry", environment: ["REGISTRY_USERNAME": "robot", "REGISTRY_PASSWORD": "sword$fish"])
        #expect(
            specification.registries == [
                "registry.example.com:8443": RegistrySettings(
                    username: "robot", password: "sword$fish", caFile: Self.folder + "/certificates/ca.pem"),
                "mirror.example.com": RegistrySettings(
                    certificate: Self.folder + "/certificates/client.pem",
                    certificateKey: Self.folder + "/certificates/client.key"),
                "127.0.0.1:5000": RegistrySettings(plainHTTP: true),
            ])
        #expect(names(specification).first == "registry.example.com:8443/edge/gateway:1.14.2")
    }

    @Test func `archives, a daemon and another bundle`() throws {
        let specification = try load("archives")
        #expect(
            names(specification) == [
                "docker.io/vendor/database:15.4", "docker.io/local/tools:1", "docker.io/library/application:build",
                "docker.io/local/registry:2.8.3",
            ])
        #expect(specification.trust == [Self.folder + "/keys/release.pub"])
    }

    @Test func `image layouts`() throws {
        let specification = try load("oci-layout")
        #expect(
            specification.images.map(\.source) == [
                .layout(path: Self.folder + "/vendor/registry", reference: "2.8.3"),
                .layout(path: "/srv/build/output", reference: nil),
            ])
        #expect(specification.version == 20_261_121)
    }

    @Test func `a site of managers and workers`() throws {
        let specification = try load("worker-manager-site")
        #expect(specification.images.map(\.priority) == [0, 10, 10, 50])
        #expect(specification.images.map(\.tagPolicy) == [.fail, .keep, .keep, .move])
        #expect(
            specification.images.map(\.groups) == [
                [], ["provision_manager"], ["provision_worker"], ["provision_manager", "provision_worker"],
            ])
        #expect(specification.images[2].key == "registry.example.com/acme/chromium:2.8.0")
    }

    @Test func `two platforms`() throws {
        let specification = try load("two-platforms")
        #expect(specification.platforms.map(\.description) == ["linux/amd64", "linux/arm64"])
        #expect(specification.images.map { $0.platforms?.map(\.description) } == [nil, nil, ["linux/arm/v7"]])
        #expect(names(specification)[1] == "registry.example.com/fleet/router:2.10")
    }

    @Test func `layers stored as they are`() throws {
        #expect(try load("store-original").images.map(\.storage) == [.original, .packed])
    }

    @Test func `the reference's example is a spec with every key`() throws {
        let page = try String(contentsOfFile: "\(Self.folder)/../docs/spec.md", encoding: .utf8)
        let block = try #require(page.split(separator: "```yaml\n").dropFirst().first?.split(separator: "```").first)
        let specification = try Specification.parse(
            yaml: String(block), fileName: "docs/spec.md", directory: "/site",
            environment: ["REGISTRY_USERNAME": "robot", "REGISTRY_PASSWORD": "swordfish"])
        #expect(specification.images.count == 3)
        let keys = [
            "product", "channel", "version", "platforms", "variables", "registries", "images", "username", "password",
            "ca-file", "cert", "cert-key", "plain-http", "insecure-skip-tls-verify", "image", "as", "groups",
            "priority", "tags", "store", "referrers",
        ]
        for key in keys {
            #expect(block.contains("\(key):"), "the example lacks \(key)")
            #expect(page.contains("| `\(key)` |"), "the tables lack \(key)")
        }
    }
}
