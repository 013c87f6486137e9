import Cryptography
import Deflate
import Gzip
import OCI

/// Makes a layer's blob from its stream, and proves that it has the digest and the size that registries know.
///
/// Spec: docs/format.md section 5.2. Not shared between threads; memory as for `GzipEncoder`.
struct BlobEncoder: ~Copyable {
    private let proof: BlobProof
    // One of these, or none.
    private var gzip: GzipEncoder?
    private var restorer: CorrectionRestorer?

    /// For one blob.
    ///
    /// - Parameters:
    ///   - layer: A layer of the bundle.
    ///   - frames: Where its corrections are.
    /// - Throws: `BundleError` with code `damaged` when the index has no such corrections.
    init(_ layer: BundleLayer, frames: FrameReader) throws(BundleError) {
        proof = BlobProof(layer)
        switch layer.encoding {
        case .identity, .verbatim: break
        case .gzip(let encoding): gzip = GzipEncoder(encoding)
        case .corrected(let corrections):
            let stream = frames.index.streams[try frames.position(of: corrections, layer)]
            restorer = CorrectionRestorer(try StreamContent(stream, frames: frames))
        }
    }

    /// Takes the next bytes of the stream and hands on what they make.
    ///
    /// - Parameters:
    ///   - bytes: any number.
    ///   - output: gets bytes of the blob, not yet known to be right: only `finish` says so.
    /// - Throws: what `output` throws, or reading the corrections.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let proof = proof
        func prove(_ bytes: UnsafeRawBufferPointer) throws {
            try unsafe proof.update(bytes)
            try unsafe output(bytes)
        }
        guard gzip != nil || restorer != nil else { return try unsafe prove(bytes) }
        try unsafe gzip?.append(bytes, prove)
        try unsafe restorer?.append(bytes, prove)
    }

    /// Ends the blob.
    ///
    /// - Throws: `BundleError` with code `damaged` when it is not the layer's blob, or what `output` throws.
    mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        let proof = proof
        func prove(_ bytes: UnsafeRawBufferPointer) throws {
            try unsafe proof.update(bytes)
            try unsafe output(bytes)
        }
        try unsafe gzip?.finish(prove)
        try unsafe restorer?.finish(prove)
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

    /// - Throws: `BundleError` with code `damaged` when it grows too long: wrong corrections may make it endless.
    func update(_ bytes: UnsafeRawBufferPointer) throws(BundleError) {
        unsafe hasher.update(bytes)
        size += Int64(bytes.count)
        guard size <= layer.size else {
            throw BundleError(.damaged, "making blob \(layer.digest): it comes out longer than \(layer.size) bytes")
        }
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
