import BundleFormat
import Cryptography
import OCI
import Zstandard

/// Compresses one frame, or finds it in the cache.
struct FrameCompressor: Sendable {
    let cache: BuildCache

    /// A frame ready for a pack.
    struct CompressedFrame: Sendable {
        let bytes: [UInt8]
        let digest: Digest
        let size: Int
        let key: Digest
    }

    func compress(_ content: [UInt8], level: Int) throws -> CompressedFrame {
        let key = PackPlan.frameKey(content, level: level)
        if let bytes = cache.frame(key), isCompressed(bytes, content) { return frame(bytes, content.count, key) }
        var compressor = try ZstandardCompressor(level: level)
        let bytes = try unsafe content.withUnsafeBytes { try unsafe compressor.compress($0) }
        try cache.store(frame: bytes, key)
        return frame(bytes, content.count, key)
    }

    private func frame(_ bytes: [UInt8], _ size: Int, _ key: Digest) -> CompressedFrame {
        CompressedFrame(bytes: bytes, digest: SHA256Hasher.digest(of: bytes), size: size, key: key)
    }

    /// Whether a cached frame really holds the content: a cache is never believed.
    private func isCompressed(_ frame: [UInt8], _ content: [UInt8]) -> Bool {
        guard var decoder = try? FrameDecoder() else { return false }
        var output = [UInt8](repeating: 0, count: content.count)
        return unsafe frame.withUnsafeBytes { bytes in
            (try? unsafe decoder.decompress(bytes, size: content.count, into: &output)) != nil && output == content
        }
    }
}
