import Deflate

extension GzipEncoder {
    /// Makes a whole member on several threads; the same bytes as one encoder makes.
    ///
    /// - Parameters:
    ///   - encoding: What to make.
    ///   - jobs: How many tasks encode at a time; at least 1.
    ///   - pull: Fills the buffer from its start with the content's next bytes and says how many; 0 at the end.
    ///   - output: Is called in order with bytes of the member, which are gone when it returns.
    /// - Throws: What `pull` or `output` throws.
    public static func encodeInParallel(
        _ encoding: GzipEncoding, jobs: Int, pull: (UnsafeMutableRawBufferPointer) throws -> Int,
        output: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        try unsafe encoding.header.withUnsafeBytes { try unsafe output($0) }
        var trailer = Trailer()
        try await unsafe DeflateEncoder.encodeInParallel(
            encoding.deflate, jobs: jobs,
            pull: { buffer in
                let count = try unsafe pull(buffer)
                unsafe trailer.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return count
            }, output: output)
        try unsafe trailer.write(output)
    }
}
