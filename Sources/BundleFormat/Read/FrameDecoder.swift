import Zstandard

/// What one worker needs to read frames: a decompressor and the memory that frames are read into.
///
/// Not shared between threads.
public struct FrameDecoder: ~Copyable {
    private var decompressor: ZstandardDecompressor
    /// The compressed frame that was read last, at its start.
    var input: [UInt8] = []

    /// Makes the contexts.
    ///
    /// - Throws: `BundleError` with code `files` when there is no memory.
    public init() throws(BundleError) {
        do throws(ZstandardError) { decompressor = try ZstandardDecompressor() } catch {
            throw BundleError(.files, error.message, cause: error)
        }
    }

    /// Decompresses one frame that was authenticated.
    ///
    /// - Parameters:
    ///   - frame: The frame, and nothing else.
    ///   - size: How much it holds, in bytes.
    ///   - filter: What the content went through.
    ///   - output: Gets the content at its start; at least `size` bytes.
    /// - Throws: `BundleError` with code `damaged`.
    public mutating func decompress(
        _ frame: UnsafeRawBufferPointer, size: Int, filter: FrameFilter, into output: inout [UInt8]
    ) throws(BundleError) {
        precondition(output.count >= size, "the output has room for the frame")
        // Bit 2 of the descriptor after the magic, RFC 8878 section 3.1.1.1.1.
        guard frame.count > 4, unsafe frame[4] & 0x04 == 0 else {
            throw BundleError(
                .damaged, "decompressing a frame: it has a checksum, or no header; the bundle was built wrong")
        }
        var failure: ZstandardError?
        unsafe output.withUnsafeMutableBytes { output in
            let content = unsafe UnsafeMutableRawBufferPointer(rebasing: output[..<size])
            do throws(ZstandardError) {
                try unsafe decompressor.decompress(frame, into: content)
                unsafe filter.undo(in: content)
            } catch {
                failure = error
            }
        }
        guard let failure else { return }
        throw BundleError(
            .damaged, "decompressing a frame: \(failure.message); the bundle was built wrong", cause: failure)
    }

    /// Decompresses the frame that was read last.
    mutating func decompressInput(_ frame: FrameIndex.Frame, into output: inout [UInt8]) throws(BundleError) {
        var input: [UInt8] = []
        swap(&input, &self.input)
        var failure: BundleError?
        unsafe input.withUnsafeBytes { bytes in
            do throws(BundleError) {
                try unsafe decompress(
                    UnsafeRawBufferPointer(rebasing: bytes[..<frame.compressedSize]), size: frame.size,
                    filter: frame.filter, into: &output)
            } catch {
                failure = error
            }
        }
        swap(&input, &self.input)
        if let failure { throw failure }
    }
}
