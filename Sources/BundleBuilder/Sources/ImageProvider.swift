import BundleSpec
import OCI
import Registry

/// Where one image's documents and blobs come from; everything it gives is compared with its digest.
protocol ImageProvider: Sendable {
    /// The index or manifest that the image's name stands for, or that it is pinned to.
    func root(pinned: Descriptor?) async throws -> (descriptor: Descriptor, bytes: [UInt8])

    /// An image manifest.
    func document(_ descriptor: Descriptor) async throws -> [UInt8]

    /// A config.
    func config(_ descriptor: Descriptor) async throws -> [UInt8]

    /// A layer's blob.
    func fetch(_ descriptor: Descriptor, into sink: PartialBlob) async throws
}

/// An image in a registry.
struct RegistryProvider: ImageProvider {
    let client: RegistryClient
    let reference: Reference

    func root(pinned: Descriptor?) async throws -> (descriptor: Descriptor, bytes: [UInt8]) {
        try await client.resolve(pinned.map { reference.pinned(to: $0.digest) } ?? reference)
    }

    func document(_ descriptor: Descriptor) async throws -> [UInt8] {
        try await client.document(descriptor, in: reference)
    }

    func config(_ descriptor: Descriptor) async throws -> [UInt8] { try await client.config(descriptor, in: reference) }

    func fetch(_ descriptor: Descriptor, into sink: PartialBlob) async throws {
        try await client.fetchBlob(descriptor, in: reference, into: sink)
    }
}
