import Glibc

/// A regular file, or a block device, that is open for reading at any position.
///
/// Safe to use from several tasks at once; all operations block.
public final class ReadableFile: Sendable {
    /// The path, for messages.
    public let path: String
    /// The size in bytes when it was opened.
    public let size: Int64
    private let descriptor: SharedDescriptor
    /// Of a part of a file: where it starts, and that nothing behind its end is read.
    let start: Int64
    private let isPart: Bool

    var number: Int32 { descriptor.number }

    /// Open as long as any part of it is.
    private final class SharedDescriptor: Sendable {
        let descriptor: Descriptor
        var number: Int32 { descriptor.number }

        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    init(_ descriptor: consuming Descriptor, path: String) throws(FileError) {
        size = try descriptor.regularSize(path: path)
        self.descriptor = SharedDescriptor(descriptor)
        self.path = path
        start = 0
        isPart = false
    }

    /// A device, whose size is where it ends.
    init(device descriptor: consuming Descriptor, path: String) throws(FileError) {
        let size = lseek(descriptor.number, 0, SEEK_END)
        guard size >= 0 else { throw FileError("find the end of", path) }
        self.size = Int64(size)
        self.descriptor = SharedDescriptor(descriptor)
        self.path = path
        start = 0
        isPart = false
    }

    /// A part of an open file, as a file of its own, such as one in an image.
    ///
    /// - Throws: `FileError` with code `truncated` when it lies outside.
    public init(part range: Range<Int64>, of file: ReadableFile, path: String) throws(FileError) {
        guard range.lowerBound >= 0, range.upperBound <= file.size else {
            throw FileError(
                .truncated, "cannot open '\(path)': it would end at \(range.upperBound) of \(file.size) bytes")
        }
        self.path = path
        size = range.upperBound - range.lowerBound
        descriptor = file.descriptor
        start = file.start + range.lowerBound
        isPart = true
    }

    /// Opens the regular file that a path, which people give, leads to or through: `site.iso` of `media/site.iso/bundle`.
    ///
    /// - Returns: The file, and what stands behind it in the path; nil where the path leads to something else.
    /// - Throws: `FileError`.
    public static func open(through path: String) throws(FileError) -> (file: ReadableFile, rest: String)? {
        var parts = path.split(separator: "/")
        var rest: [Substring] = []
        while !parts.isEmpty {
            let prefix = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
            // Looked at before it is opened, which alone makes some devices act.
            var status = stat()
            if unsafe stat(prefix, &status) != 0 {
                guard errno == ENOTDIR else { throw FileError("find", prefix) }
                rest.insert(parts.removeLast(), at: 0)
                continue
            }
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC
            let descriptor = try Descriptor(unsafe Glibc.open(prefix, flags), "open", prefix)
            return (try ReadableFile(descriptor, path: prefix), rest.joined(separator: "/"))
        }
        return nil
    }

    /// Tells the kernel that the file is going to be read from start to end, once.
    public func expectSequentialReading() {
        // Advice only: its failure changes nothing.
        _ = posix_fadvise(descriptor.number, Int(start), isPart ? Int(size) : 0, POSIX_FADV_SEQUENTIAL)
    }

    /// Asks the kernel to fetch bytes that are going to be read; does not wait for them.
    ///
    /// Without it several tasks that read the file at a time hide from the kernel that each goes on where it was.
    public func prefetch(at offset: Int64, count: Int) {
        // Advice only, as above.
        _ = posix_fadvise(descriptor.number, Int(start + offset), count, POSIX_FADV_WILLNEED)
    }

    /// Drops what memory holds of the file, so that the next reading shows what the device has; of durable contents only.
    public func forgetCachedContents() {
        // Advice only: where the kernel does not follow it, what it remembers is read.
        _ = posix_fadvise(descriptor.number, Int(start), isPart ? Int(size) : 0, POSIX_FADV_DONTNEED)
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
        guard offset >= 0, offset <= Int64.max - start - Int64(buffer.count) else {
            throw FileError(.truncated, "cannot read at \(offset) of '\(path)': no file has that offset")
        }
        // Nothing behind a part is read; a file may have grown.
        let wanted = isPart ? Int(max(0, min(Int64(buffer.count), size - offset))) : buffer.count
        var done = 0
        while done < wanted {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<wanted])
            let count = unsafe pread(descriptor.number, rest.baseAddress, rest.count, Int(start + offset) + done)
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
