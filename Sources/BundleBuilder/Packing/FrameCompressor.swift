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
        let filter: FrameFilter
        let key: Digest
    }

    func compress(_ content: [UInt8], level: Int) throws -> CompressedFrame {
        let key = PackPlan.frameKey(content, level: level)
        let filter = FrameFilter.suiting(content)
        if let (bytes, digest) = cache.frame(key), isCompressed(bytes, filter, content) {
            return CompressedFrame(bytes: bytes, digest: digest, size: content.count, filter: filter, key: key)
        }
        var compressor = try ZstandardCompressor(level: level)
        let bytes = try unsafe filter.applied(to: content).withUnsafeBytes { try unsafe compressor.compress($0) }
        let digest = SHA256Hasher.digest(of: bytes)
        try cache.store(frame: bytes, digest, key)
        return CompressedFrame(bytes: bytes, digest: digest, size: content.count, filter: filter, key: key)
    }

    /// Whether a cached frame is of this content, and not a whole one of another.
    private func isCompressed(_ frame: [UInt8], _ filter: FrameFilter, _ content: [UInt8]) -> Bool {
        guard var decoder = try? FrameDecoder() else { return false }
        var output = [UInt8](repeating: 0, count: content.count)
        return unsafe frame.withUnsafeBytes { bytes in
            (try? unsafe decoder.decompress(bytes, size: content.count, filter: filter, into: &output)) != nil
                && output == content
        }
    }
}
