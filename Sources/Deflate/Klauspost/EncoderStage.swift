/// What is between the stream and the writer: it collects bytes and makes blocks of them.
protocol EncoderStage: AnyObject {
    /// Makes the end of the dictionary what the stream may refer to; at most once, at the start.
    func prime(_ dictionary: UnsafeRawBufferPointer)

    /// Takes bytes, and says how many; fewer than there are when blocks must be written first.
    func fill(_ input: UnsafeRawBufferPointer) -> Int

    /// Writes what cannot wait for more bytes, or everything when the stream is flushed.
    func encode(to writer: inout BlockWriter, flushes: Bool)
}

/// Level 0, which stores, and level -2, which codes literals only.
@safe final class PlainStage: EncoderStage {
    private let buffer: UnsafeMutableRawBufferPointer
    private let stores: Bool
    private var count = 0

    init(stores: Bool) {
        self.stores = stores
        unsafe buffer = .allocate(byteCount: stores ? 65_535 : 32_768, alignment: 16)
    }

    deinit { unsafe buffer.deallocate() }

    func prime(_ dictionary: UnsafeRawBufferPointer) {}

    func fill(_ input: UnsafeRawBufferPointer) -> Int {
        let size = unsafe min(input.count, buffer.count - count)
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: input.prefix(size)))
        count += size
        return size
    }

    func encode(to writer: inout BlockWriter, flushes: Bool) {
        guard unsafe count == buffer.count || (flushes && count > 0) else { return }
        let block = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
        if stores {
            unsafe writer.writeStored(block)
        } else {
            unsafe writer.writeLiterals(block, flushes: flushes)
        }
        count = 0
    }
}
