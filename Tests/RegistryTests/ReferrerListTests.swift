import Cryptography
import OCI
import Registry
import TestSupport
import Testing

/// How lists of referrers are asked for, whatever a registry knows of them.
@Suite struct ReferrerListTests {
    private let subject = SHA256Hasher.digest(of: [1])
    private let listed = Descriptor(mediaType: .ociManifest, digest: SHA256Hasher.digest(of: [2]), size: 1)
    private var path: String { LyingRegistry.referrersPath("team/app", subject) }

    private func serveTag(_ registry: LyingRegistry) {
        registry.serve(
            document: SignedImages.list([listed.json, listed.json]), mediaType: .ociIndex, repository: "team/app",
            tags: [ReferrerTag.list(of: subject)])
    }

    @Test(arguments: [200, 400, 404, 405, 501])
    func `a registry that knows no such path is asked for the tag`(status: Int) async throws {
        try await RegistryFixture.with { fixture in
            fixture.registry.fault(on: path) { _, _ in
                .status(status, headers: ["Content-Type": "text/html"], body: "<html>")
            }
            let none = try await fixture.client.referrers(of: subject, in: fixture.reference)
            #expect(none.isEmpty)
            serveTag(fixture.registry)
            // Each once.
            let found = try await fixture.client.referrers(of: subject, in: fixture.reference)
            #expect(found.map(\.digest) == [listed.digest])
            let listed = try await fixture.client.referrersByAPI(of: subject, in: fixture.reference)
            #expect(listed == nil)
        }
    }

    @Test func `a registry that has the path is believed, also when it lists nothing`() async throws {
        try await RegistryFixture.with { fixture in
            serveTag(fixture.registry)
            fixture.registry.serve(
                LyingRegistry.Resource(
                    SignedImages.list([]), headers: ["Content-Type": MediaType.ociIndex.rawValue + "; charset=utf-8"]),
                at: path)
            let found = try await fixture.client.referrersByAPI(of: subject, in: fixture.reference)
            #expect(found?.isEmpty == true)
            let all = try await fixture.client.referrers(of: subject, in: fixture.reference)
            #expect(all.isEmpty)
        }
    }

    @Test(arguments: [
        (403, RegistryError.Code.unauthorized), (500, .unavailable), (429, .rateLimited), (418, .invalidResponse),
    ])
    func `a refusal is none that there is nothing`(status: Int, code: RegistryError.Code) async throws {
        try await RegistryFixture.with { fixture in
            serveTag(fixture.registry)
            fixture.registry.fault(on: path) { _, _ in .status(status) }
            await #expect(throws: failure(code)) {
                try await fixture.client.referrers(of: subject, in: fixture.reference)
            }
        }
    }

    @Test func `a later page must be there, and be a list`() async throws {
        try await RegistryFixture.with { fixture in
            fixture.registry.serve(
                LyingRegistry.Resource(
                    SignedImages.list([listed.json]),
                    headers: [
                        "Content-Type": MediaType.ociIndex.rawValue, "Link": "<\(path)?page=2>; rel=\"next\"",
                    ]), at: path)
            for (status, code) in [(404, RegistryError.Code.notFound), (200, .invalidResponse)] {
                fixture.registry.fault(on: path) { request, _ in
                    request.query.isEmpty ? .none : .status(status, headers: ["Content-Type": "text/html"])
                }
                await #expect(throws: failure(code)) {
                    try await fixture.client.referrers(of: subject, in: fixture.reference)
                }
            }
        }
    }
}
