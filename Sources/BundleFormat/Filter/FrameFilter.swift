/// What was done to a frame's content so that it compresses better.
///
/// Spec: docs/format.md section 6.1.
public enum FrameFilter: UInt8, Sendable {
    /// Nothing.
    case none = 0
    /// Relative addresses of x86 machine code were made absolute.
    case x86 = 1

    /// The filter that makes a content smaller when it is compressed, as far as a look at it tells.
    public static func suiting(_ content: [UInt8]) -> FrameFilter {
        unsafe content.withUnsafeBytes { unsafe X86Filter.pays($0) } ? .x86 : .none
    }

    /// The content as it is compressed.
    public func applied(to content: [UInt8]) -> [UInt8] {
        guard self == .x86 else { return content }
        var filtered = content
        unsafe filtered.withUnsafeMutableBytes { unsafe X86Filter.apply(to: $0) }
        return filtered
    }

    /// Makes the content of what was decompressed, in its place.
    func undo(in bytes: UnsafeMutableRawBufferPointer) {
        if self == .x86 { unsafe X86Filter.undo(in: bytes) }
    }
}
