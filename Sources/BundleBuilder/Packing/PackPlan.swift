import BundleFormat
import Cryptography
import OCI
import Zstandard

/// Which streams are packed, in which order and how: all that decides the bytes of packs and index.
struct PackPlan: Sendable {
    /// The streams, each once, in the order of packing.
    let streams: [Stream]
    /// The zstd level of file contents and tar headers.
    let level: Int

    /// One stream and where its bytes come from.
    struct Stream: Sendable {
        /// The digest of the stream.
        let digest: Digest
        /// Its size in bytes.
        let size: Int64
        /// Whether it is a tar, to be cut along its files, or compressed already.
        let isTar: Bool
        /// The cached blob that holds the stream.
        let blob: FileSum

        /// Whether the blob is the stream compressed with gzip, rather than the stream itself.
        var isInflated: Bool { blob.digest != digest }
    }

    /// The level for what is compressed already: it only has to be quick.
    static let opaqueLevel = 1

    /// Changes whenever the same streams come out as other bytes; cached layouts and frames of other values are not used.
    private static let revision = 2

    /// Identifies the layout that this plan leads to.
    var key: Digest {
        let lines = streams.map { "\($0.digest.hex) \($0.size) \($0.isTar ? "tar" : "opaque")" }
        let text = (["layout \(Self.revision) zstd \(ZstandardLibrary.version) level \(level)"] + lines).joined(
            separator: "\n")
        return SHA256Hasher.digest(of: Array(text.utf8))
    }

    /// The level for a kind of frame.
    func level(for kind: FrameFiller.Kind) -> Int { kind == .opaque ? min(level, Self.opaqueLevel) : level }

    /// Identifies the compressed form of some content.
    static func frameKey(_ content: [UInt8], level: Int) -> Digest {
        var hasher = SHA256Hasher()
        hasher.update(Array("frame \(revision) zstd \(ZstandardLibrary.version) level \(level)\n".utf8))
        hasher.update(content)
        return hasher.finish()
    }
}
