import Foundation
import TestSupport
import Testing

@testable import Registry

@Suite struct CredentialStoreTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func store(_ config: String, _ more: [String: String] = [:]) throws -> CredentialStore {
        try directory.write(config, to: "config.json")
        let environment = ["DOCKER_CONFIG": directory.path, "PATH": directory.path + ":/usr/bin:/bin"]
        return CredentialStore(access: [:], environment: environment.merging(more) { $1 })
    }

    private func helper(_ name: String, _ script: String) async throws {
        try await directory.write(script: "#!/bin/sh\n" + script, to: "docker-credential-" + name)
    }

    private static func login(_ secret: Secret?) -> String? {
        switch secret {
        case .login(let credentials)?: "\(credentials.username):\(credentials.password)"
        case .identity(let token)?: "token \(token)"
        case nil: nil
        }
    }

    private static func auth(_ text: String) -> String { #"{"auth":"\#(Data(text.utf8).base64EncodedString())"}"# }

    @Test(arguments: [
        (key: "registry.example.com", registry: "registry.example.com", found: true),
        (key: "https://registry.example.com/", registry: "registry.example.com", found: true),
        (key: "https://registry.example.com/v2/", registry: "registry.example.com", found: true),
        (key: "https://index.docker.io/v1/", registry: "docker.io", found: true),
        (key: "registry.example.com/team", registry: "registry.example.com", found: true),
        (key: "registry.example.com/other", registry: "registry.example.com", found: false),
        (key: "registry.example.com:5000", registry: "registry.example.com", found: false),
        (key: "example.com", registry: "registry.example.com", found: false),
    ])
    func `docker's config is searched by registry`(key: String, registry: String, found: Bool) async throws {
        let store = try store(#"{"auths":{"\#(key)":\#(Self.auth("anna:a:b"))}}"#)
        let secret = try await store.secret(for: registry, repository: "team/app")
        #expect(Self.login(secret) == (found ? "anna:a:b" : nil))
    }

    @Test func `the file that REGISTRY_AUTH_FILE names comes first, and must be there`() async throws {
        let other = try directory.write(#"{"auths":{"r.example.com":\#(Self.auth("bob:b"))}}"#, to: "auth.json")
        let config = #"{"auths":{"r.example.com":\#(Self.auth("anna:a"))}}"#
        let store = try store(config, ["REGISTRY_AUTH_FILE": other])
        #expect(Self.login(try await store.secret(for: "r.example.com", repository: "x")) == "bob:b")
        let missing = try self.store(config, ["REGISTRY_AUTH_FILE": directory.path("absent")])
        await #expect(throws: failure(.configuration)) {
            try await missing.secret(for: "r.example.com", repository: "x")
        }
    }

    @Test func `a helper of a registry is asked with the registry on its input`() async throws {
        try await helper(
            "one", #"read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"$server\",\"Secret\":\"s\"}""# + "\n")
        try await helper("all", #"cat >/dev/null; echo '{"Username":"<token>","Secret":"t"}'"# + "\n")
        let store = try store(#"{"credHelpers":{"one.example.com":"one"},"credsStore":"all"}"#)
        #expect(Self.login(try await store.secret(for: "one.example.com", repository: "x")) == "one.example.com:s")
        #expect(Self.login(try await store.secret(for: "two.example.com", repository: "x")) == "token t")
    }

    @Test func `a helper that has nothing means anonymous access`() async throws {
        try await helper("none", "echo 'credentials not found in native keychain'; exit 1\n")
        let store = try store(#"{"credsStore":"none"}"#)
        #expect(Self.login(try await store.secret(for: "r.example.com", repository: "x")) == nil)
    }

    @Test(arguments: ["exit 3\n", "echo nonsense\n", "echo '{}'\n", "yes\n"])
    func `a helper of a registry that fails is an error`(script: String) async throws {
        try await helper("bad", script)
        let store = try store(#"{"credHelpers":{"r.example.com":"bad"}}"#)
        await #expect(throws: failure(.configuration)) { try await store.secret(for: "r.example.com", repository: "x") }
    }

    @Test(arguments: ["../../evil", "a/b", "", ".x", "a;b"])
    func `a helper whose name is no name is not run`(name: String) async throws {
        let store = try store(#"{"credHelpers":{"r.example.com":"\#(name)"}}"#)
        await #expect(throws: failure(.configuration)) { try await store.secret(for: "r.example.com", repository: "x") }
    }

    @Test func `a helper for all that is not installed matters only where somebody logged in`() async throws {
        let store = try store(#"{"credsStore":"absent","auths":{"r.example.com":{}}}"#)
        #expect(Self.login(try await store.secret(for: "other.example.com", repository: "x")) == nil)
        await #expect(throws: failure(.configuration)) { try await store.secret(for: "r.example.com", repository: "x") }
    }

    @Test(arguments: ["{", #"{"auths":{"r":{"auth":"%%"}}}"#, #"{"auths":{"r":{"auth":"YQ=="}}}"#, #"{"auths":[]}"#])
    func `a config that cannot be read is an error`(config: String) async throws {
        let store = try store(config)
        await #expect(throws: failure(.configuration)) { try await store.secret(for: "r.example.com", repository: "x") }
    }

    @Test func `a user name without a password in the environment is an error`() async throws {
        let store = try store("{}", ["REGISTRY_USERNAME": "anna"])
        await #expect(throws: failure(.configuration)) { try await store.secret(for: "r.example.com", repository: "x") }
    }
}
