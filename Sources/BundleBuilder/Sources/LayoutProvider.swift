import BundleSpec
import Cryptography
import DurableFiles
import OCI

/// An image in an OCI image layout.
///
/// Spec: image-spec v1.1 image-layout.md.
struct LayoutProvider: ImageProvider {
    private let directory: Directory
    private let name: LayoutIndex.Name
    private var place: String { "the OCI image layout \(directory.path)" }

    /// Opens a layout.
    ///
    /// - Parameters:
    ///   - path: Its directory.
    ///   - name: The image's name in index.json; nil when it holds one image only.
    /// - Throws: `BuildError` with code `notFound`.
    init(path: String, name: String?) throws {
        do throws(FileError) {
            directory = try Directory(opening: path)
            let marker = try directory.readFile("oci-layout", limit: 4096)
            self.name = name.map { .annotation($0) } ?? .only
            guard LayoutIndex.isMarker(marker) else {
                throw FileError(.notFound, "its oci-layout file does not say version 1.0.0")
            }
        } catch {
            throw BuildError(
                .notFound, "opening the OCI image layout \(path): \(error.message); check the path in the spec",
                cause: error)
        }
    }

    func find() async throws -> Descriptor { try index().image(name) }

    private func index() throws -> LayoutIndex {
        let index: [UInt8]
        do throws(FileError) { index = try directory.readFile("index.json", limit: ImageDocument.maximumSize) } catch {
            throw BuildError(
                .source, "\(place) is incomplete: \(error.message); copy the image again", cause: error)
        }
        return try LayoutIndex(parsing: index, of: place)
    }

    var listsReferrers: Bool { true }

    func referrers(of digest: Digest) async throws -> [PinnedReferrer] {
        var found: [PinnedReferrer] = []
        for manifest in try index().manifests where manifest.mediaType.isIndex || manifest.mediaType.isManifest {
            for tag in LayoutIndex.tags(of: manifest).sorted() where ReferrerTag.signed(by: tag) == digest {
                found.append(PinnedReferrer(manifest, tag: tag))
            }
            if await subject(of: manifest) == digest { found.append(PinnedReferrer(manifest)) }
        }
        return found
    }

    /// What an entry is about; what cannot be read is nobody's referrer, and matters to those only who take it.
    private func subject(of manifest: Descriptor) async -> Digest? {
        do {
            return try ImageDocument(parsing: try await document(manifest), mediaType: manifest.mediaType).subject
        } catch {
            return nil
        }
    }

    func root(_ pinned: Descriptor) async throws -> (descriptor: Descriptor, bytes: [UInt8]) {
        let found = try await find()
        try check(found, pinned, in: place)
        return (found, try await document(found))
    }

    func document(_ descriptor: Descriptor) async throws -> [UInt8] {
        guard descriptor.size <= ImageDocument.maximumSize else {
            throw BuildError(
                .source, "document \(descriptor.digest) of \(descriptor.size) bytes is over the limit of 4 MiB")
        }
        let bytes = try reading(descriptor) { path throws(FileError) in
            try directory.readFile(path, limit: Int(descriptor.size))
        }
        guard bytes.count == descriptor.size, SHA256Hasher.digest(of: bytes) == descriptor.digest else {
            throw BuildError(
                .source, "\(directory.path)/\(Self.path(descriptor)) is not the blob of its name; the layout is damaged"
            )
        }
        return bytes
    }

    func config(_ descriptor: Descriptor) async throws -> [UInt8] { try await document(descriptor) }

    func fetch(_ descriptor: Descriptor, into cache: BuildCache, advance: @escaping (Int64) -> Void) async throws {
        let sink = try PartialBlob(descriptor, cache: cache.directory, advance: advance)
        let file = try reading(descriptor) { path throws(FileError) in try directory.openFile(path) }
        guard file.size == descriptor.size else {
            throw BuildError(
                .source, "\(file.path) has \(file.size) bytes instead of \(descriptor.size); the layout is damaged")
        }
        try sink.restart()
        try unsafe file.forEachChunk { chunk in try unsafe sink.append(chunk) }
        guard try sink.finish() else {
            throw BuildError(.source, "\(file.path) is not the blob of its name; the layout is damaged")
        }
    }

    /// Reads a blob, which an image layout that is whole has as a regular file.
    private func reading<Value>(
        _ descriptor: Descriptor, _ body: (_ path: String) throws(FileError) -> Value
    ) throws(BuildError) -> Value {
        do throws(FileError) { return try body(Self.path(descriptor)) } catch {
            guard [.notFound, .notRegular, .overLimit].contains(error.code) else {
                throw BuildError(error, doing: "reading \(place)")
            }
            throw BuildError(
                .source, "\(place) is incomplete: \(error.message); copy the image again", cause: error)
        }
    }

    private static func path(_ descriptor: Descriptor) -> String { "blobs/sha256/\(descriptor.digest.hex)" }
}
