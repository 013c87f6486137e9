extension DeflateEncoder {
    /// Encodes a whole stream on several threads; the same bytes as one encoder writes.
    ///
    /// Go's encoder up to 1.26 shares the levels 4 to 9, pgzip its blocks; the others are run by the calling task alone.
    /// Memory: at most about 10 MiB, or three blocks, for each of `jobs` + 2.
    ///
    /// - Parameters:
    ///   - encoding: What to make.
    ///   - jobs: How many tasks encode at a time; at least 1.
    ///   - pull: Fills the buffer from its start with the stream's next bytes and says how many; 0 at the end.
    ///   - output: Is called in the stream's order with encoded bytes, which are gone when it returns.
    /// - Throws: What `pull` or `output` throws.
    public static func encodeInParallel(
        _ encoding: DeflateEncoding, jobs: Int, pull: (UnsafeMutableRawBufferPointer) throws -> Int,
        output: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        if jobs > 1, encoding.encoder == .go {
            return try await unsafe GoStandardEncoder.encodeInParallel(
                level: encoding.level, jobs: jobs, pull: pull, output: output)
        }
        if jobs > 1, let blocks = encoding.blocks {
            return try await unsafe blocks.encode(jobs: jobs, pull: pull, output: output)
        }
        var encoder = DeflateEncoder(encoding)
        try unsafe forEachPiece(pull) { try unsafe encoder.append($0, output) }
        try unsafe encoder.finish(output)
    }
}

/// Pulls a whole stream, a piece at a time, into one buffer.
func forEachPiece(
    _ pull: (UnsafeMutableRawBufferPointer) throws -> Int, _ body: (UnsafeRawBufferPointer) throws -> Void
) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { unsafe buffer.deallocate() }
    while case let count = try unsafe pull(buffer), count > 0 {
        try unsafe body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
}
