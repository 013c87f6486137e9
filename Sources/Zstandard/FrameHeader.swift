/// What the first bytes of a frame say.
///
/// Spec: RFC 8878 § 3.1.1.1. The library's own reader of headers is not part of its stable interface.
struct FrameHeader {
    let windowSize: UInt64
    let contentSize: UInt64?
    let hasDictionary: Bool

    /// Nil when the bytes do not start with a whole and valid header.
    init?(_ bytes: UnsafeRawBufferPointer) {
        func number(at offset: Int, count: Int) -> UInt64? {
            guard offset + count <= bytes.count else { return nil }
            var value: UInt64 = 0
            for position in (0..<count).reversed() { value = value << 8 | UInt64(unsafe bytes[offset + position]) }
            return value
        }
        guard number(at: 0, count: 4) == 0xFD2F_B528, let descriptor = number(at: 4, count: 1) else { return nil }
        let isSingleSegment = descriptor & 0x20 != 0
        guard descriptor & 0x08 == 0 else { return nil }
        let dictionaryBytes = [0, 1, 2, 4][Int(descriptor & 3)]
        let sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]

        var offset = 5
        var window: UInt64 = 0
        if !isSingleSegment {
            guard let byte = number(at: offset, count: 1) else { return nil }
            let base = UInt64(1) << (10 + (byte >> 3))
            window = base + base / 8 * (byte & 7)
            offset += 1
        }
        guard let dictionary = number(at: offset, count: dictionaryBytes) else { return nil }
        offset += dictionaryBytes
        guard let stored = number(at: offset, count: sizeBytes) else { return nil }
        let size = sizeBytes == 2 ? stored + 256 : stored
        self.contentSize = sizeBytes == 0 ? nil : size
        self.windowSize = isSingleSegment ? size : window
        self.hasDictionary = dictionary != 0
    }
}
