import Cryptography
import Gzip
public import OCI
import Zstandard

/// Decompresses a layer's blob as it comes and computes the diffID of the tar in it.
///
/// A class, since the decoder hands its output to the hasher beside it; used by one thread.
public final class TarDigester {
    private var gzip: GzipInflater?
    private var zstd: ZstandardStreamDecoder?
    private var hasher: SHA256Hasher? = SHA256Hasher()
    /// How many bytes of the tar came out, modulo 2^63.
    public private(set) var size: Int64 = 0

    /// For a blob of a known compression.
    public init(_ compression: LayerCompression) throws {
        switch compression {
        case .gzip: gzip = GzipInflater()
        case .zstd: zstd = try ZstandardStreamDecoder()
        case .uncompressed: break
        }
    }

    /// Takes the next bytes of the blob.
    ///
    /// - Throws: `GzipError` or `ZstandardError` when they cannot be decompressed.
    public func update(_ bytes: UnsafeRawBufferPointer) throws {
        if gzip != nil {
            try unsafe gzip?.inflate(bytes) { tar in unsafe take(tar) }
        } else if zstd != nil {
            try unsafe zstd?.decode(bytes) { tar in unsafe take(tar) }
        } else {
            unsafe take(bytes)
        }
    }

    private func take(_ tar: UnsafeRawBufferPointer) {
        size &+= Int64(tar.count)
        unsafe hasher?.update(tar)
    }

    /// The diffID, once all bytes were given; to be called once.
    ///
    /// - Throws: `GzipError` or `ZstandardError` when the blob ends too early.
    public func finish() throws -> DiffID {
        try gzip?.finish()
        try zstd?.finish()
        guard let hasher = hasher.take() else { preconditionFailure("finish was called twice") }
        return DiffID(hasher.finish())
    }
}
