/// The numbers of Go's window, and when it slides.
///
/// The window holds 64 KiB. It slides by half when a position beyond `lastUnslid` is next and more input exists; what
/// falls out of it can no longer be copied, even where the distance would allow it, nor be stored as it is. So the
/// slides show in the output, and everything here counts from where they are.
///
/// Go slides before position `lastUnslid` already when a write ended in the 262 bytes before the window's end and the
/// encoder stopped right there; then copies from the 262 bytes at the window's start are lost to that one position. This
/// does not happen with big writes, nor with writes that end on multiples of 512 bytes, and is not modelled.
enum GoWindow {
    static let half = 32768
    static let size = 2 * half
    /// The longest copy and the shortest, with which the encoder wants to see the bytes after a position.
    static let lookahead = 258 + 4
    /// The last position, from the window's start, that is always encoded before the slide.
    static let lastUnslid = size - lookahead

    /// Where in the stream the window starts when the position is encoded.
    ///
    /// - Parameters:
    ///   - position: counted from the start of the stream.
    ///   - end: the length of the stream; nil when at least `lookahead` bytes follow the position.
    /// - Returns: a multiple of half the window.
    static func start(at position: Int, end: Int?) -> Int {
        guard position > lastUnslid else { return 0 }
        let slides = (position - lastUnslid - 1) / half + 1
        let before = (slides - 1) * half
        // Nothing was left to make room for.
        if let end, end <= before + size { return before }
        return slides * half
    }
}
