import Glibc

/// A file descriptor that is closed with its owner.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    /// Takes what an open call returned; a negative number becomes an error with the current `errno`.
    init(_ number: Int32, _ operation: String, _ path: String) throws(FileError) {
        guard number >= 0 else { throw FileError(operation, path) }
        self.number = number
    }

    deinit { close(number) }

    /// Writes everything, however often the kernel takes less.
    func write(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe Glibc.write(
                number, UnsafeRawBufferPointer(rebasing: bytes[done...]).baseAddress, bytes.count - done)
            if count > 0 {
                done += count
            } else if count == 0 {
                throw FileError("write", path, errno: EIO)
            } else if errno != EINTR {
                throw FileError("write", path)
            }
        }
    }

    /// Returns when the contents are on the device; an error must not be retried, the kernel reports it once.
    func sync(path: String) throws(FileError) {
        while fsync(number) != 0 {
            guard errno == EINTR else { throw FileError("write to the device", path) }
        }
    }

    func status(path: String) throws(FileError) -> stat {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw FileError("examine", path) }
        return status
    }

    /// The size, if this is a regular file.
    func regularSize(path: String) throws(FileError) -> Int64 {
        let status = try status(path: path)
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(.notRegular, "cannot use '\(path)': it is not a regular file")
        }
        return Int64(status.st_size)
    }
}
