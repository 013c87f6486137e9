/// The start of a member of a blob: its header, and the first bytes of its content.
struct MemberSample<Blob: RandomAccessBytes> {
    /// The member's header.
    let header: [UInt8]
    private let blob: Blob
    private let start: Int64
    private let pieces: [[UInt8]]
    /// Where the member ends, when the sample is its whole content.
    private let end: Int64?

    /// How much of the content a sample has, in bytes.
    private static var size: Int { 4 << 20 }
    /// So much that came out the same is taken for a good sign.
    private static var convincingSize: Int64 { 64 << 10 }

    /// A sample of the member that starts at an offset; nil when its header is too long.
    init?(_ blob: Blob, at start: Int64) throws {
        let bytes = try blob.read(at: start, count: Int(min(blob.size - start, Int64(GzipMember.maximumHeaderSize))))
        guard let length = HeaderReader.length(of: bytes) else { return nil }
        header = Array(bytes[..<length])
        self.blob = blob
        self.start = start
        var content = MemberContent(blob, at: start)
        var pieces: [[UInt8]] = []
        var count = 0
        while count < Self.size, let piece = try content.next() {
            count += piece.count
            pieces.append(piece)
        }
        self.pieces = pieces
        end = content.isAtEnd ? content.position : nil
    }

    /// What became of a candidate.
    struct Probe {
        /// Whether it made nothing else than the member's bytes.
        let agrees: Bool
        /// How many bytes of the content were encoded.
        let tried: Int64
        /// Where the member ends, when the candidate made the whole of it.
        let end: Int64?
    }

    /// Whether a candidate makes the start of the member from the start of its content, or the whole where that is small.
    func probe(_ candidate: GzipMember) throws -> Probe {
        var encoder = MemberEncoder(candidate)
        var comparison = BlobComparison(blob, at: start)
        var tried: Int64 = 0
        do {
            for piece in pieces {
                if end == nil, comparison.position - start >= Self.convincingSize { break }
                tried += Int64(piece.count)
                try unsafe piece.withUnsafeBytes { bytes in
                    try unsafe encoder.append(bytes) { try unsafe comparison.expect($0) }
                }
            }
            guard end != nil else { return Probe(agrees: true, tried: tried, end: nil) }
            try unsafe encoder.finish { try unsafe comparison.expect($0) }
            let isSame = comparison.position == end
            return Probe(agrees: false, tried: tried, end: isSame ? end : nil)
        } catch is BlobComparison<Blob>.Mismatch {
            return Probe(agrees: false, tried: tried, end: nil)
        }
    }
}
