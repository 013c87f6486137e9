/// The deflate encoder of Go's standard library up to release 1.26: the same bytes for the same input.
///
/// It writes raw deflate, RFC 1951, without flushes; what surrounds it is the caller's. The result does not depend on
/// how the input is cut: it is that of one big write, or of writes that end on multiples of 512 bytes.
/// Memory: about 2 MiB.
public struct GoStandardEncoder: ~Copyable {
    // One of the two.
    private var chained: ChainEngine?
    private var whole: WholeBlocks?

    /// Makes an encoder for one stream.
    ///
    /// - Parameter level: from 2 to 9, or 1 (best speed), 0 (stored), -1 (the default, which is 6), -2 (Huffman only).
    public init(level: Int) {
        switch level {
        case 0: whole = WholeBlocks(.stored)
        case 1: whole = WholeBlocks(.speed)
        case -2: whole = WholeBlocks(.literals)
        default:
            guard let parameters = GoLevel(level) else { preconditionFailure("Go's encoder has no level \(level)") }
            chained = ChainEngine(parameters)
        }
    }

    /// Takes the next bytes and hands on what is encoded.
    ///
    /// - Parameters:
    ///   - bytes: any number.
    ///   - output: is called with encoded bytes, which are gone when it returns.
    /// - Throws: what `output` throws; the encoder must not be used any more then.
    public mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        try unsafe chained?.append(bytes, output)
        try unsafe whole?.append(bytes, output)
    }

    /// Ends the stream, with the empty stored block that Go's `Close` writes; the encoder must not be used any more.
    ///
    /// - Parameter output: as for `append`.
    /// - Throws: what `output` throws.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe chained?.finish(output)
        try unsafe whole?.finish(output)
    }
}
