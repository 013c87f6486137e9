import CLinux
import Glibc

extension TemporaryFile {
    /// How much is copied at a time, in bytes.
    private static let copySize: Int64 = 8 << 20

    /// Adds all bytes of another file at the end, by the kernel alone where it can; blocks.
    ///
    /// The device starts to write at once, so that waiting for it later takes less.
    ///
    /// - Parameters:
    ///   - file: What is copied.
    ///   - advance: Is called with how many bytes were added.
    /// - Throws: `FileError`; `truncated` when the file ends before its size.
    public mutating func append(contentsOf file: ReadableFile, advance: (Int64) -> Void) throws(FileError) {
        var position: Int64 = 0
        while position < file.size {
            let begun = written
            try appendSome(of: file, from: position, count: min(Self.copySize, file.size - position))
            let count = written - begun
            guard count > 0 else {
                throw FileError(.truncated, "cannot copy '\(file.path)': it ends at \(position) of \(file.size) bytes")
            }
            clinux_start_writing(number, begun, count)
            position += count
            advance(count)
        }
    }

    private mutating func appendSome(of file: ReadableFile, from position: Int64, count: Int64) throws(FileError) {
        let copied = clinux_copy(file.number, file.start + position, number, Int(count))
        if copied > 0 {
            written += Int64(copied)
            return
        }
        // File systems differ in what they can copy, and kernels in how they say so.
        guard copied == 0 || [EINTR, EXDEV, EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else {
            throw FileError("copy '\(file.path)' to", path)
        }
        try append(try file.read(at: position, count: Int(min(count, Int64(ReadableFile.chunkSize)))))
    }
}
