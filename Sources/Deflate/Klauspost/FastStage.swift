/// Levels 1 to 6: cuts the stream into blocks of 65,535 bytes and encodes each as a whole.
@safe final class FastStage: EncoderStage {
    private let matcher: any BlockMatcher
    private var history = History()
    private var tokens = TokenBlock()

    init(_ matcher: any BlockMatcher) { self.matcher = matcher }

    /// Makes the end of the dictionary what the first block refers to.
    func prime(_ dictionary: UnsafeRawBufferPointer) {
        _ = unsafe history.fill(UnsafeRawBufferPointer(rebasing: dictionary.suffix(History.reach)))
        search()
        history.close()
    }

    /// Takes bytes, and says how many; fewer than there are when a block is full.
    func fill(_ input: UnsafeRawBufferPointer) -> Int { unsafe history.fill(input) }

    /// Writes the block that is full, or all that there is when the stream is flushed.
    func encode(to writer: inout BlockWriter, flushes: Bool) {
        let count = history.count
        if count == 0 || (count < History.blockSize && !flushes) { return }
        if count < 128 {
            // So little is not searched, and nothing refers to anything before it afterwards.
            if count <= 32 {
                unsafe writer.writeStored(history.block)
            } else {
                unsafe writer.writeLiterals(history.block, flushes: true)
            }
            history.clear()
            return
        }
        search()
        if tokens.count == 0 {
            unsafe writer.writeStored(history.block)
        } else if tokens.count > count - count >> 4 {
            unsafe writer.writeLiterals(history.block, flushes: flushes)
        } else {
            unsafe writer.write(&tokens, history.block, flushes: flushes)
        }
        history.close()
    }

    private func search() {
        tokens.clear()
        if history.open() { matcher.lower(by: history.lower()) }
        guard history.count >= SearchRange.shortest else { return }
        let range = SearchRange(start: history.start, end: history.end, origin: history.origin)
        matcher.match(history.window, range, into: &tokens)
    }
}
