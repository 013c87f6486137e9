extension ReadableFile {
    /// How much is read at a time, in bytes.
    public static let chunkSize = 1 << 20

    /// Reads from an offset to the end, a chunk at a time, through one buffer.
    ///
    /// - Parameters:
    ///   - offset: where to start.
    ///   - body: is called with the next 1 byte to 1 MiB, which are gone when it returns.
    /// - Throws: `FileError`, or what `body` throws.
    public func forEachChunk(from offset: Int64 = 0, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: Self.chunkSize)
        var position = offset
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { bytes in
                let count = try unsafe readAvailable(at: position, into: bytes)
                if count > 0 { try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
                return count
            }
            guard count > 0 else { return }
            position += Int64(count)
        }
    }
}
