/// Which encoder made some deflate data, RFC 1951, and how it was set up: enough to make the same bytes again.
///
/// Spec: docs/format.md section 5.2.1.
public struct DeflateEncoding: Hashable, Sendable, CustomStringConvertible {
    /// An encoder, by the name that it has in bundles.
    public enum Encoder: String, CaseIterable, Sendable {
        /// Go's compress/flate up to Go 1.26.
        case go = "go"
        /// Go's compress/flate from Go 1.27.
        case go1Dot27 = "go-1.27"
        /// klauspost/compress as of 1.15.12.
        case klauspost1Dot15 = "klauspost-1.15"
        /// klauspost/compress as of 1.18.0, which differs at levels 4 and 7 to 9.
        case klauspost1Dot18 = "klauspost-1.18"
        /// klauspost/compress as of 1.20.0.
        case klauspost1Dot20 = "klauspost-1.20"
        /// zlib.
        case zlib = "zlib"
        /// GNU gzip.
        case gnuGzip = "gnu-gzip"

        /// The levels whose output is reproduced; those that stand for another one are not named.
        public var levels: Set<Int> {
            switch self {
            case .go, .go1Dot27: Set([-2] + Array(0...9))
            case .klauspost1Dot15, .klauspost1Dot18, .klauspost1Dot20, .zlib, .gnuGzip: Set(1...9)
            }
        }

        /// Whether programs use it for blocks that are encoded apart: pgzip and pigz.
        public var hasBlocks: Bool {
            switch self {
            case .go, .go1Dot27, .gnuGzip: false
            case .klauspost1Dot15, .klauspost1Dot18, .klauspost1Dot20, .zlib: true
            }
        }
    }

    /// The sizes of blocks that are believed, in bytes; a block and what precedes it are held in memory.
    public static let blockSizes = (32 << 10)...(4 << 20)

    /// The encoder.
    public let encoder: Encoder
    /// How hard it tries.
    public let level: Int
    /// How many bytes are encoded apart from the others; nil for one stream.
    public let blockSize: Int?

    /// For people: `go, level 6`, `klauspost-1.15, level 5, blocks of 1024 KiB`.
    public var description: String {
        "\(encoder.rawValue), level \(level)" + (blockSize.map { ", blocks of \($0 >> 10) KiB" } ?? "")
    }

    /// An encoding of its parts; nil when the encoder has no such level or blocks.
    public init?(_ encoder: Encoder, level: Int, blockSize: Int? = nil) {
        guard encoder.levels.contains(level) else { return nil }
        if let blockSize { guard encoder.hasBlocks, Self.blockSizes.contains(blockSize) else { return nil } }
        self.encoder = encoder
        self.level = level
        self.blockSize = blockSize
    }
}
