import BundleFormat
import OCI

/// An image in an archive, or of a docker daemon, which gives one.
struct ArchiveProvider: ImageProvider {
    let store: ArchiveStore
    let form: ArchiveContents.Form
    let name: LayoutIndex.Name
    let cache: BuildCache?

    func find() async throws -> Descriptor { try await store.contents().image(name, in: form).descriptor }

    func root(_ pinned: Descriptor) async throws -> (descriptor: Descriptor, bytes: [UInt8]) {
        let (found, bytes) = try await store.contents().image(name, in: form)
        try check(found, pinned, in: store.name)
        if let bytes { return (found, bytes) }
        return (found, try await document(found))
    }

    func document(_ descriptor: Descriptor) async throws -> [UInt8] {
        guard descriptor.size <= ImageDocument.maximumSize else {
            throw BuildError(
                .source, "document \(descriptor.digest) of \(descriptor.size) bytes is over the limit of 4 MiB")
        }
        try await store.bring(descriptor)
        guard let bytes = cache?.document(descriptor) else {
            throw BuildError(.files, "\(descriptor.digest) of \(store.name) is gone from the build cache; try again")
        }
        return bytes
    }

    func config(_ descriptor: Descriptor) async throws -> [UInt8] { try await document(descriptor) }

    func fetch(_ descriptor: Descriptor, into cache: BuildCache, advance: @escaping (Int64) -> Void) async throws {
        try await store.bring(descriptor)
        advance(descriptor.size)
    }
}
