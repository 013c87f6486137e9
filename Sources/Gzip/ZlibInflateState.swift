import Deflate

/// With zlib.
final class ZlibInflateState: InflateState {
    private let decoder = DeflateDecoder(outputSize: GzipInflater.outputSize)
    private var crc = CRC32()
    private(set) var length: UInt32 = 0

    var checksum: UInt32 { crc.value }

    func reset() {
        decoder.reset()
        crc = CRC32()
        length = 0
    }

    func inflate(
        _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> (used: Int, isEnd: Bool) {
        let outcome = try unsafe decoder.decode(input) { bytes in
            unsafe crc.update(bytes)
            length &+= UInt32(truncatingIfNeeded: bytes.count)
            try unsafe output(bytes)
        }
        switch outcome {
        case .needsMore: return (input.count, false)
        case .ended(let used): return (used, true)
        case .damaged: throw GzipError(.damaged, "cannot inflate: the compressed data is broken")
        }
    }

    /// It takes no byte that it does not use.
    func takeBack() -> [UInt8] { [] }
}
