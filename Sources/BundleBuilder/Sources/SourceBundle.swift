import BundleFormat
import BundleSpec
import OCI

/// Another bundle that images are taken from; everything that it gives was signed by a trusted key.
final class SourceBundle: Sendable {
    /// For messages.
    let name: String
    private let files: BundleFiles
    private let manifest: BundleManifest
    private let reader: LayerReader

    /// Opens a bundle and verifies who signed it.
    ///
    /// - Parameters:
    ///   - path: Its directory.
    ///   - trust: Public keys, or folders of them, one of which must have signed.
    /// - Throws: `BuildError` with code `notTrusted`, `damaged` or `notFound`.
    init(path: String, trust: [String]) throws(BuildError) {
        name = "the bundle \(path)"
        do throws(BundleError) {
            files = try BundleFiles(path: path)
            manifest = try files.manifest(try files.statement(trust: try TrustPolicy.load(paths: trust)).statement)
        } catch {
            throw Self.failure(error, name)
        }
        reader = LayerReader(files: files, manifest: manifest)
    }

    /// The image of a reference, by how it was declared or by its names.
    ///
    /// - Throws: `BuildError` with code `notFound`.
    func image(_ reference: Reference) throws(BuildError) -> Descriptor {
        let name = reference.withoutDigest
        let image = manifest.images.first { image in
            let isNamed = image.names.contains(name) || (try? Reference(parsing: image.reference)) == reference
            return isNamed && reference.digest.map { $0 == image.root } ?? true
        }
        guard let image else {
            let names = manifest.images.flatMap(\.names).map(\.description).joined(separator: ", ")
            throw BuildError(.notFound, "\(self.name) has no image \(reference); it has \(names)")
        }
        return try descriptor(image.root)
    }

    /// What of the bundle points to a digest.
    ///
    /// - Throws: `BuildError` with code `damaged`, or `OCIError`.
    func referrers(of digest: Digest) throws -> [PinnedReferrer] {
        var found: [PinnedReferrer] = []
        for image in manifest.images {
            let descriptor = try descriptor(image.root)
            for tag in Set(image.names.compactMap(\.tag)).sorted() where ReferrerTag.signed(by: tag) == digest {
                found.append(PinnedReferrer(descriptor, tag: tag))
            }
            let bytes = try document(image.root)
            if try ImageDocument(parsing: bytes, mediaType: descriptor.mediaType).subject == digest {
                found.append(PinnedReferrer(descriptor))
            }
        }
        return found
    }

    /// A document.
    ///
    /// - Throws: `BuildError` with code `notFound` for what the bundle left out, or `damaged`.
    func document(_ digest: Digest) throws(BuildError) -> [UInt8] {
        let descriptor = try descriptor(digest)
        do throws(BundleError) { return try files.document(descriptor) } catch { throw Self.failure(error, name) }
    }

    /// Hands over the blob of a layer, in pieces that are right as a whole only when it returns.
    ///
    /// - Throws: `BuildError` as `document`, or what `body` throws.
    func readBlob(_ digest: Digest, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let layer = manifest.layer(digest) else { throw absent(digest) }
        do { try unsafe reader.readBlob(layer, body) } catch let error as BundleError {
            throw Self.failure(error, name)
        }
    }

    private func descriptor(_ digest: Digest) throws(BuildError) -> Descriptor {
        guard let found = manifest.documents.first(where: { $0.digest == digest }) else { throw absent(digest) }
        return found
    }

    private func absent(_ digest: Digest) -> BuildError {
        BuildError(.notFound, "\(name) does not hold \(digest), as of a platform that it left out")
    }

    private static func failure(_ error: BundleError, _ name: String) -> BuildError {
        let code: BuildError.Code =
            switch error.code {
            case .notTrusted: .notTrusted
            case .damaged, .unsupported: .damaged
            case .notFound: .notFound
            case .noSpace: .noSpace
            case .files, .invalid: .files
            }
        return BuildError(code, "taking an image from \(name): \(error.message)", cause: error)
    }
}

/// An image of another bundle.
struct BundleProvider: ImageProvider {
    let bundle: SourceBundle
    let reference: Reference

    func find() async throws -> Descriptor { try bundle.image(reference) }

    func root(_ pinned: Descriptor) async throws -> (descriptor: Descriptor, bytes: [UInt8]) {
        let found = try bundle.image(reference)
        try check(found, pinned, in: bundle.name)
        return (found, try bundle.document(found.digest))
    }

    var listsReferrers: Bool { true }

    func referrers(of digest: Digest) async throws -> [PinnedReferrer] { try bundle.referrers(of: digest) }

    func document(_ descriptor: Descriptor) async throws -> [UInt8] { try bundle.document(descriptor.digest) }

    func config(_ descriptor: Descriptor) async throws -> [UInt8] { try bundle.document(descriptor.digest) }

    func fetch(_ descriptor: Descriptor, into cache: BuildCache, advance: @escaping (Int64) -> Void) async throws {
        let sink = try PartialBlob(descriptor, cache: cache.directory, advance: advance)
        try sink.restart()
        try unsafe bundle.readBlob(descriptor.digest) { try unsafe sink.append($0) }
        guard try sink.finish() else {
            throw BuildError(.damaged, "\(bundle.name) gives another blob than \(descriptor.digest); fetch it again")
        }
    }
}
