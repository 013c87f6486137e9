import Cryptography
import OCI

/// Follows one stream: its own digest, the diffID of a tar that is compressed in it, and the blobs that are made of it.
struct LayerCheck: ~Copyable {
    private var hasher = SHA256Hasher()
    private let tar: TarDigester?
    private let diffIDs: Set<DiffID>
    private var tarError: (any Error)?
    private let blobs: [BlobCheck]

    /// A blob that is made of the stream.
    private final class BlobCheck {
        let digest: Digest
        var encoder: BlobEncoder?
        var failure: (any Error)?

        init(_ layer: BundleLayer, _ frames: FrameReader) throws(BundleError) {
            digest = layer.digest
            encoder = try BlobEncoder(layer, frames: frames)
        }

        func update(_ bytes: UnsafeRawBufferPointer) {
            guard failure == nil else { return }
            do { try unsafe encoder?.append(bytes) { _ in } } catch { failure = error }
        }

        func finish() throws {
            if let failure { throw failure }
            try unsafe encoder?.finish { _ in }
        }
    }

    init(layers: [BundleLayer], frames: FrameReader) throws {
        // A stream is a blob as it is only for that blob's own layer, so there is at most one compression.
        let compressed = layers.compactMap { layer -> (LayerCompression, DiffID)? in
            guard case .verbatim(let compression?) = layer.encoding, let diffID = layer.diffID else { return nil }
            return (compression, diffID)
        }
        let digester = try compressed.first.map { try TarDigester($0.0) }
        let checks = try layers.filter { $0.stream != $0.digest }.map { try BlobCheck($0, frames) }
        tar = digester
        diffIDs = Set(compressed.map(\.1))
        blobs = checks
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe hasher.update(bytes)
        for blob in blobs { unsafe blob.update(bytes) }
        guard let tar, tarError == nil else { return }
        do { try unsafe tar.update(bytes) } catch { tarError = error }
    }

    /// One thing that is wrong: of the stream, or of some layers on it.
    struct Finding {
        let kind: Fault.Kind
        /// The blobs that are wrong; nil for all that are made of the stream.
        var layers: [Digest]?
        let message: String
    }

    /// What is wrong; empty when all is well.
    consuming func finish(expecting digest: Digest) -> [Finding] {
        let found = hasher.finish()
        guard found == digest else { return [Finding(kind: .stream, message: "it comes out as \(found)")] }
        var findings: [Finding] = []
        for blob in blobs {
            do { try blob.finish() } catch {
                findings.append(Finding(kind: .blob, layers: [blob.digest], message: "\(error)"))
            }
        }
        guard let tar else { return findings }
        do {
            if let tarError { throw tarError }
            let diffID = try tar.finish()
            if diffIDs != [diffID] {
                let message = "its tar is \(diffID) instead of \(diffIDs.sorted()[0])"
                findings.append(Finding(kind: .diffID, message: message))
            }
        } catch {
            findings.append(Finding(kind: .diffID, message: "its tar cannot be read: \(error)"))
        }
        return findings
    }
}
