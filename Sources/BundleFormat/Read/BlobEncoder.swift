import Cryptography
import Gzip
import OCI

/// Makes a layer's blob from its stream, and proves that it has the digest and the size that registries know.
///
/// Spec: docs/format.md section 5.2. Not shared between threads; memory as for `GzipEncoder`.
public struct BlobEncoder: ~Copyable {
    private let layer: BundleLayer
    private var gzip: GzipEncoder?
    private var hasher = SHA256Hasher()
    private var size: Int64 = 0

    /// For one blob.
    public init(_ layer: BundleLayer) {
        self.layer = layer
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
        guard gzip != nil else { return try unsafe put(bytes, output) }
        // Taken out, since what it makes changes this value too.
        guard var gzip = gzip.take() else { return }
        try unsafe gzip.append(bytes) { try unsafe put($0, output) }
        self.gzip = consume gzip
    }

    /// Ends the blob.
    ///
    /// - Throws: `BundleError` with code `damaged` when it is not the layer's blob, or what `output` throws.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        if var gzip = gzip.take() { try unsafe gzip.finish { try unsafe put($0, output) } }
        let found = hasher.finishAndReset()
        guard found == layer.digest, size == layer.size else {
            throw BundleError(
                .damaged, "making blob \(layer.digest): it comes out as \(found) with \(size) of \(layer.size) bytes")
        }
    }

    private mutating func put(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        unsafe hasher.update(bytes)
        size += Int64(bytes.count)
        try unsafe output(bytes)
    }
}
