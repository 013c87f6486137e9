/// Makes raw deflate data (RFC 1951) as GNU gzip does, bit for bit: the same since 1.2.4, without `--rsyncable`.
///
/// The output depends on the bytes and the level, not on how the bytes are cut into calls of `append`. It is that of
/// gzip which reads a file, or a pipe that is written in multiples of 512 bytes, as archivers do. A pipe's reader may
/// otherwise get bytes up to just before the end of its window, which then slides one position earlier: not modelled.
/// Memory: about 1 MiB, whatever the stream is.
public struct GNUGzipEncoder: ~Copyable {
    private var matcher: GNUMatcher
    private var writer = GNUBlockWriter()

    /// Makes an encoder for one stream.
    ///
    /// - Parameter level: 1 to 9; gzip's default is 6.
    public init(level: Int) { matcher = GNUMatcher(GNULevel(level)) }

    /// Takes the next bytes and hands on what is finished.
    ///
    /// - Parameters:
    ///   - bytes: any number of them.
    ///   - output: is called with some 200 KiB at a time; they are gone when it returns.
    public mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var rest = unsafe bytes
        while true {
            let taken = unsafe matcher.fill(rest)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
            if unsafe rest.isEmpty { return }
            try unsafe writeFullBlocks(output)
            matcher.makeRoom()
        }
    }

    /// Ends the stream.
    ///
    /// - Parameter output: as in `append`.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe writeFullBlocks(output)
        matcher.close()
        try unsafe writeFullBlocks(output)
        matcher.finish()
        writeBlock(isLast: true)
        try unsafe writer.drain(all: true, output)
    }

    private mutating func writeFullBlocks(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        while matcher.run() {
            writeBlock(isLast: false)
            try unsafe writer.drain(all: false, output)
        }
    }

    private mutating func writeBlock(isLast: Bool) {
        unsafe writer.write(matcher.block.tokens, matcher.blockBytes, isLast: isLast)
        matcher.startBlock()
    }
}
