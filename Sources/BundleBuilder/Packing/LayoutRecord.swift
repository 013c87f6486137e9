import BundleFormat
import OCI

/// What a finished layout leaves in the cache: the index as one pack, and the cache key of every frame.
///
/// On disk: total size of the frames, u64 little-endian; size of the index, u32; the index; a 32-byte key a frame.
struct LayoutRecord: Sendable {
    /// The frames and recipes; all frames count as those of one pack.
    let index: FrameIndex
    /// The cache keys of the frames.
    let keys: [Digest]

    init(index: FrameIndex, keys: [Digest]) {
        self.index = index
        self.keys = keys
    }

    /// From the cache; nil when it is no record of a layout.
    init?(parsing bytes: [UInt8]) {
        guard bytes.count >= 12 else { return nil }
        let total = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let size = bytes[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard size <= bytes.count - 12, total <= UInt64(Descriptor.maximumSize) else { return nil }
        let packs =
            total == 0 ? [] : [BundlePack(digest: Digest(bytes: repeatElement(0, count: 32)), size: Int64(total))]
        guard let index = try? FrameIndex(parsing: Array(bytes[12..<12 + size]), packs: packs),
            bytes.count == 12 + size + index.frames.count * Digest.byteCount
        else { return nil }
        self.index = index
        keys = index.frames.indices.map { number in
            Digest(bytes: bytes[(12 + size + number * Digest.byteCount)...].prefix(Digest.byteCount))
        }
    }

    /// For the cache.
    func bytes() -> [UInt8] {
        var offset: Int64 = 0
        let frames = index.frames.map { frame in
            defer { offset += Int64(frame.compressedSize) }
            return FrameIndex.Frame(
                pack: 0, offset: offset, compressedSize: frame.compressedSize, size: frame.size, filter: frame.filter,
                digest: frame.digest)
        }
        let bytes = FrameIndex(frames: frames, streams: index.streams).bytes()
        let total = (0..<8).map { UInt8(truncatingIfNeeded: offset >> (8 * Int64($0))) }
        let size = (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }
        return total + size + bytes + keys.flatMap(\.bytes)
    }
}
