import Glibc

/// A regular file, or a block device, that is open for reading at any position.
///
/// Safe to use from several tasks at once; all operations block.
public final class ReadableFile: Sendable {
    /// The path, for messages.
    public let path: String
    /// The size in bytes when it was opened.
    public let size: Int64
    private let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor, path: String) throws(FileError) {
        self.size = try descriptor.regularSize(path: path)
        self.descriptor = descriptor
        self.path = path
    }

    /// A device, whose size is where it ends.
    init(device descriptor: consuming Descriptor, path: String) throws(FileError) {
        let size = lseek(descriptor.number, 0, SEEK_END)
        guard size >= 0 else { throw FileError("find the end of", path) }
        self.size = Int64(size)
        self.descriptor = descriptor
        self.path = path
    }

    /// Tells the kernel that the file is going to be read from start to end, once.
    public func expectSequentialReading() {
        // Advice only: its failure changes nothing.
        _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    /// Drops what memory holds of the file, so that the next reading shows what the device has; of durable contents only.
    public func forgetCachedContents() {
        // Advice only: where the kernel does not follow it, what it remembers is read.
        _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_DONTNEED)
    }

    /// Fills the buffer with the bytes at an offset.
    ///
    /// - Throws: `FileError`; `truncated` when the file ends before the buffer is full.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
        let count = try unsafe readAvailable(at: offset, into: buffer)
        guard count == buffer.count else {
            throw FileError(
                .truncated,
                "cannot read \(buffer.count) bytes at \(offset) of '\(path)': the file ends after \(count) of them")
        }
    }

    /// The bytes at an offset.
    ///
    /// - Throws: `FileError`; `truncated` when the file ends before them, which is checked before memory is taken.
    public func read(at offset: Int64, count: Int) throws(FileError) -> [UInt8] {
        guard offset >= 0, count >= 0, Int64(count) <= size, offset <= size - Int64(count) else {
            throw FileError(
                .truncated, "cannot read \(count) bytes at \(offset) of '\(path)': it has only \(size) bytes")
        }
        var failure: FileError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
            do throws(FileError) {
                try unsafe read(at: offset, into: target)
                initializedCount = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills as much of the buffer as the file has from an offset on, and returns how much: 0 at the end.
    public func readAvailable(
        at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) -> Int {
        guard offset >= 0, offset <= Int64.max - Int64(buffer.count) else {
            throw FileError(.truncated, "cannot read at \(offset) of '\(path)': no file has that offset")
        }
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = unsafe pread(descriptor.number, rest.baseAddress, rest.count, Int(offset) + done)
            if count > 0 {
                done += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw FileError("read", path)
            }
        }
        return done
    }
}
