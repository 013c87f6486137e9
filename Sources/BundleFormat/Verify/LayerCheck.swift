import Cryptography
import OCI

/// Follows one stream: its own digest, and the diffID of the tar that its layers hold in it.
struct LayerCheck: ~Copyable {
    private var hasher = SHA256Hasher()
    private let tar: TarDigester?
    private let diffIDs: Set<DiffID>
    private var tarError: (any Error)?

    init(layers: [BundleLayer]) throws {
        // A stream is a blob as it is only for that blob's own layer, so there is at most one compression.
        let compressed = layers.compactMap { layer -> (LayerCompression, DiffID)? in
            guard case .verbatim(let compression?) = layer.encoding, let diffID = layer.diffID else { return nil }
            return (compression, diffID)
        }
        tar = try compressed.first.map { try TarDigester($0.0) }
        diffIDs = Set(compressed.map(\.1))
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe hasher.update(bytes)
        guard let tar, tarError == nil else { return }
        do { try unsafe tar.update(bytes) } catch { tarError = error }
    }

    /// What is wrong; nil when all is well.
    consuming func finish(expecting digest: Digest) -> (kind: Fault.Kind, message: String)? {
        let found = hasher.finish()
        guard found == digest else { return (.stream, "it comes out as \(found)") }
        guard let tar else { return nil }
        do {
            if let tarError { throw tarError }
            let diffID = try tar.finish()
            return diffIDs == [diffID] ? nil : (.diffID, "its tar is \(diffID) instead of \(diffIDs.sorted()[0])")
        } catch {
            return (.diffID, "its tar cannot be read: \(error)")
        }
    }
}
