import OCI
import Registry
import TestSupport
import Testing

/// What only a server with TLS shows: `openssl s_server` gives whole answers out of files.
@Suite(.enabled(if: Toolbox.has("openssl")))
struct TLSTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func start(_ options: [String], answer: String) async throws -> (RunningCommand, String) {
        try await CertificateAuthority.make(in: directory)
        try directory.makeDirectory("v2/team/app/manifests")
        try directory.write(answer, to: "v2/team/app/manifests/1")
        var command = Command(
            "openssl",
            [
                "s_server", "-accept", "0", "-HTTP", "-cert", directory.path("server.pem"), "-key",
                directory.path("server.key"), "-CAfile", directory.path("ca.pem"),
            ] + options)
        command.workingDirectory = directory.path
        let process = try command.start()
        for _ in 0..<1000 {
            let lines = String(decoding: process.output(), as: UTF8.self).split(separator: "\n")
            if let line = lines.first(where: { $0.hasPrefix("ACCEPT") }), let port = line.split(separator: ":").last {
                return (process, "127.0.0.1:\(port)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw CommandError(.timedOut, "openssl s_server did not listen")
    }

    private func access(withCertificate: Bool) -> RegistryAccess {
        RegistryAccess(
            caFile: directory.path("ca.pem"), certificate: withCertificate ? directory.path("client.pem") : nil,
            certificateKey: withCertificate ? directory.path("client.key") : nil)
    }

    private static func answer(_ body: [UInt8]) -> String {
        "HTTP/1.0 200 OK\r\nContent-Type: \(MediaType.ociManifest)\r\nContent-Length: \(body.count)\r\n\r\n"
            + String(decoding: body, as: UTF8.self)
    }

    @Test(arguments: [true, false])
    func `a client certificate is shown to a registry that demands one`(hasCertificate: Bool) async throws {
        let (process, host) = try await start(
            ["-Verify", "1", "-verify_return_error"], answer: Self.answer(RegistryFixture.manifest()))
        let client = RegistryClient(
            access: [host: access(withCertificate: hasCertificate)], environment: [:], retry: RegistryFixture.retry)
        let reference = try Reference(parsing: "\(host)/team/app:1")
        if hasCertificate {
            let found = try await client.resolve(reference).bytes
            #expect(found == RegistryFixture.manifest())
        } else {
            await #expect(throws: RegistryError.self) { try await client.resolve(reference) }
        }
        await client.shutdown()
        await process.stop()
    }

    @Test func `a redirect from https to http is refused`() async throws {
        let plain = try await LyingRegistry()
        let (process, host) = try await start(
            [],
            answer: "HTTP/1.0 307 Away\r\nLocation: http://\(plain.host)/x\r\nContent-Length: 0\r\n\r\n")
        let client = RegistryClient(
            access: [host: access(withCertificate: false)], environment: [:], retry: RegistryFixture.retry)
        await #expect(throws: failure(.redirect)) {
            try await client.resolve(Reference(parsing: "\(host)/team/app:1"))
        }
        #expect(plain.requests.isEmpty)
        await client.shutdown()
        await process.stop()
        await plain.shutdown()
    }

    @Test func `a proxy is asked for a tunnel, with its own credentials only`() async throws {
        let proxy = try await LyingRegistry()
        proxy.fault(on: "*") { _, _ in .status(407) }
        let environment = ["HTTP_PROXY": "http://anna:secret@\(proxy.host)"]
        let access = RegistryAccess(plainHTTP: true, credentials: Credentials(username: "bob", password: "word"))
        let client = RegistryClient(
            access: ["registry.example.com": access], environment: environment, retry: RegistryFixture.retry)
        await #expect(throws: failure(.unauthorized)) {
            try await client.resolve(Reference(parsing: "registry.example.com/team/app:1"))
        }
        let request = try #require(proxy.requests.first)
        #expect(request.method == "CONNECT")
        #expect(request["Proxy-Authorization"] == "Basic YW5uYTpzZWNyZXQ=")
        #expect(request["Authorization"] == nil)
        await client.shutdown()
        await proxy.shutdown()
    }
}
