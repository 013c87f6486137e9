/// The decoder of one member's compressed data, with its checksum; one for each library that there is.
protocol InflateState: AnyObject {
    /// Makes ready for the next member.
    func reset()

    /// The CRC-32 of what came out.
    var checksum: UInt32 { get }

    /// How many bytes came out, modulo 2^32.
    var length: UInt32 { get }

    /// Decodes until the input or the data ends; says how many bytes were used and whether the data ended.
    ///
    /// - Throws: `GzipError` with code `damaged`, or what `output` throws.
    func inflate(
        _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> (used: Int, isEnd: Bool)

    /// The whole bytes that the decoder had taken from the input when the data ended.
    func takeBack() -> [UInt8]
}

/// Which library inflates.
enum InflateLibrary: CaseIterable {
    #if ISAL
        /// Intel's, twice as fast; Debian has no static one.
        case isal
    #endif
    /// zlib, which can be linked into a static program.
    case zlib

    /// The faster one of those that there are.
    static let preferred = allCases[0]

    func makeState() -> any InflateState {
        switch self {
        #if ISAL
            case .isal: ISALInflateState()
        #endif
        case .zlib: ZlibInflateState()
        }
    }
}
