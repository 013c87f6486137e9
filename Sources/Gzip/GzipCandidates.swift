import Deflate

/// The encodings that may have made a gzip member, the likeliest first, by what its header says.
///
/// Programs leave marks in the header's time, flags and operating system, RFC 1952 § 2.3.1.
struct GzipCandidates {
    private let header: [UInt8]

    /// For a header that is complete.
    init(header: [UInt8]) { self.header = header }

    /// pgzip takes blocks of 1 MiB unless it is told otherwise; umoci once told it 256 KiB.
    private static let pgzipBlocks = [1 << 20, 256 << 10]
    private static let pigzBlock = 128 << 10

    var members: [GzipMember] {
        // Where the header marks no level, the one that a program takes unless it is told otherwise comes first.
        let isMarked = levels[0] != 6
        let defaults = isMarked ? [] : kinds.map { $0.encoding(level: $0.defaultLevel) }
        let others = levels.flatMap { level in
            kinds.filter { isMarked || $0.defaultLevel != level }.map { $0.encoding(level: level) }
        }
        return (defaults + others).compactMap(\.self).compactMap { GzipMember(header: header, deflate: $0) }
    }

    /// An encoder as a program uses it.
    private struct Kind {
        let encoder: DeflateEncoding.Encoder
        var blockSize: Int?
        var defaultLevel = 6

        func encoding(level: Int) -> DeflateEncoding? { DeflateEncoding(encoder, level: level, blockSize: blockSize) }
    }

    private static let klauspost = [DeflateEncoding.Encoder.klauspost1Dot15, .klauspost1Dot20, .klauspost1Dot18]

    private var kinds: [Kind] {
        let zlib = [
            Kind(encoder: .zlib), Kind(encoder: .gnuGzip), Kind(encoder: .zlib, blockSize: Self.pigzBlock),
        ]
        let go = [Kind(encoder: .go), Kind(encoder: .go1Dot27)]
        let klauspost = Self.klauspost.map { Kind(encoder: $0, defaultLevel: 5) }
        let pgzip = Self.pgzipBlocks.flatMap { size in
            Self.klauspost.map { Kind(encoder: $0, blockSize: size, defaultLevel: 5) }
        }
        // Each group also under the others' marks, last: libraries let their callers write any header.
        if hasZeroTimeOfGo { return pgzip + klauspost + go + zlib }
        return header[9] == Self.unknownSystem ? go + klauspost + zlib + pgzip : zlib + go + klauspost
    }

    private static let unknownSystem: UInt8 = 255

    /// klauspost's gzip and pgzip write the lowest 32 bits of Go's zero time.
    private var hasZeroTimeOfGo: Bool { header[4..<8] == [0x00, 0x09, 0x6E, 0x88] }

    /// Most programs mark the highest and the lowest level, and no other.
    private var levels: [Int] {
        let others = [6, 5, 4, 3, 7, 8, 2]
        switch header[8] {
        case 2: return [9] + others + [1, 0, -2]
        case 4: return [1] + others + [9, 0, -2]
        default: return others + [1, 9, 0, -2]
        }
    }
}
