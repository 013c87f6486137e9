import Cryptography
import Gzip
import OCI

/// Makes a layer's blob from its stream, and proves that it has the digest and the size that registries know.
///
/// Spec: docs/format.md section 5.2. Not shared between threads; memory as for `GzipEncoder`.
public struct BlobEncoder: ~Copyable {
    private let proof: BlobProof
    private var gzip: GzipEncoder?

    /// For one blob.
    public init(_ layer: BundleLayer) {
        proof = BlobProof(layer)
        if case .gzip(let encoding) = layer.encoding { gzip = GzipEncoder(encoding) }
    }

    /// Takes the next bytes of the stream and hands on what they make.
    ///
    /// - Parameters:
    ///   - bytes: any number.
    ///   - output: gets bytes of the blob, not yet known to be right: only `finish` says so.
    /// - Throws: what `output` throws.
    public mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        let proof = proof
        guard gzip != nil else {
            unsafe proof.update(bytes)
            return try unsafe output(bytes)
        }
        try unsafe gzip?.append(bytes) {
            unsafe proof.update($0)
            try unsafe output($0)
        }
    }

    /// Ends the blob.
    ///
    /// - Throws: `BundleError` with code `damaged` when it is not the layer's blob, or what `output` throws.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        let proof = proof
        try unsafe gzip?.finish {
            unsafe proof.update($0)
            try unsafe output($0)
        }
        try proof.finish()
    }
}

/// Follows a layer's blob while it is made, and says at its end whether it is the one that registries know.
///
/// A class, since closures that are called while a task waits cannot change what cannot be copied.
final class BlobProof {
    private let layer: BundleLayer
    private var hasher = SHA256Hasher()
    private var size: Int64 = 0

    init(_ layer: BundleLayer) { self.layer = layer }

    func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe hasher.update(bytes)
        size += Int64(bytes.count)
    }

    /// - Throws: `BundleError` with code `damaged` when it is not the layer's blob.
    func finish() throws(BundleError) {
        let found = hasher.finishAndReset()
        guard found == layer.digest, size == layer.size else {
            throw BundleError(
                .damaged, "making blob \(layer.digest): it comes out as \(found) with \(size) of \(layer.size) bytes")
        }
    }
}
