import BundleSpec
import OCI
import TestSupport
import Testing

@testable import BundleBuilder

@Suite struct ResolverTests {
    /// Gives nothing; the sizes are claims that stand in the manifests.
    private struct NoProvider: ImageProvider {
        func find() async throws -> Descriptor { throw BuildError(.notFound, "") }
        func root(_ pinned: Descriptor) async throws -> (descriptor: Descriptor, bytes: [UInt8]) {
            throw BuildError(.notFound, "")
        }
        func document(_ descriptor: Descriptor) async throws -> [UInt8] { throw BuildError(.notFound, "") }
        func config(_ descriptor: Descriptor) async throws -> [UInt8] { throw BuildError(.notFound, "") }
        func fetch(_ descriptor: Descriptor, into cache: BuildCache, advance: @escaping (Int64) -> Void) async throws {
            throw BuildError(.notFound, "")
        }
    }

    private static func image(layers: [ResolvedLayer]) throws -> ResolvedImage {
        let reference = try Reference(parsing: "example.com/huge:1")
        let root = Descriptor(
            mediaType: .ociManifest, digest: Digest(bytes: repeatElement(1, count: 32)), size: 2)
        return ResolvedImage(
            entry: ImageEntry(source: .registry(reference), key: "example.com/huge:1"), root: root, documents: [],
            manifests: [], layers: layers, created: nil, provider: NoProvider())
    }

    @Test func `layers that claim more than 2^60 bytes in all are refused before anything is added up`() throws {
        let layer = ResolvedLayer(
            descriptor: Descriptor(
                mediaType: MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar"),
                digest: Digest(bytes: repeatElement(2, count: 32)), size: Descriptor.maximumSize),
            diffID: nil)
        let half = try Self.image(layers: [ResolvedLayer](repeating: layer, count: 1 << 17))
        try Resolver.checkSizes([half, half])
        let one = try Self.image(layers: [layer])
        #expect(throws: BuildError(.source, "")) { try Resolver.checkSizes([half, half, one]) }
        // Many times as much as 64 bits hold.
        #expect(throws: BuildError(.source, "")) {
            try Resolver.checkSizes([ResolvedImage](repeating: half, count: 1000))
        }
    }
}
