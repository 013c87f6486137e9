/// Makes raw deflate data (RFC 1951) as klauspost/compress/flate does, and as Go does from 1.27 on, bit for bit.
///
/// The output depends on the bytes, the variant, the level, the dictionary and where `flush` is called; not on how the
/// bytes are cut into calls of `append`. Memory: about 2 MiB, whatever the stream is.
public struct KlauspostEncoder: ~Copyable {
    private let stage: any EncoderStage
    private var writer: BlockWriter

    /// Makes an encoder for one stream.
    ///
    /// - Parameters:
    ///   - variant: which releases' output to make.
    ///   - level: 1 to 9, 0 for stored blocks, -1 for the variant's default, -2 for a code of literals only.
    ///   - dictionary: bytes before the stream's first, of which the last 32,768 count; read before this returns.
    public init(_ variant: Variant, level: Int, dictionary: UnsafeRawBufferPointer? = nil) {
        precondition(-2...9 ~= level, "there is no level \(level)")
        let level = level == -1 ? variant.defaultLevel : level
        stage =
            switch level {
            case -2: PlainStage(stores: false)
            case 0: PlainStage(stores: true)
            case 1, 2: FastStage(SingleTableMatcher(level: level))
            case 3: FastStage(Level3Matcher())
            case 4: FastStage(Level4Matcher(misplacesNext: variant.misplacesNextMatch))
            case 5: FastStage(Level5Matcher())
            case 6: FastStage(Level6Matcher())
            default: LazyStage(variant, level: level)
            }
        writer = BlockWriter(variant, penaltyShift: level < 0 ? 10 : level < 7 ? 7 : 8)
        if let dictionary = unsafe dictionary { unsafe stage.prime(dictionary) }
    }

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
            let taken = unsafe stage.fill(rest)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
            if unsafe rest.isEmpty { return }
            stage.encode(to: &writer, flushes: false)
            try unsafe writer.drain(all: false, output)
        }
    }

    /// Writes all that was taken, so that what was handed on ends at a byte's edge.
    ///
    /// - Parameter output: as in `append`.
    public mutating func flush(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        stage.encode(to: &writer, flushes: true)
        writer.writeSyncMarker()
        try unsafe writer.drain(all: true, output)
    }

    /// Ends the stream.
    ///
    /// - Parameter output: as in `append`.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        stage.encode(to: &writer, flushes: true)
        writer.writeEnd()
        try unsafe writer.drain(all: true, output)
    }
}
