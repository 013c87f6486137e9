import Glibc

/// A file that grows in place under its final name, for downloads that continue after a crash.
///
/// What it holds is not to be trusted after a crash: read it again and check it.
public struct AppendableFile: ~Copyable, Sendable {
    /// The path, for messages.
    public let path: String
    private let descriptor: Descriptor

    /// The size in bytes.
    public private(set) var size: Int64

    init(_ name: String, in directory: Directory, mode: UInt32) throws(FileError) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK
        let descriptor = try directory.open(name, flags, "open", mode: mode)
        let path = directory.full(name)
        let size = try descriptor.regularSize(path: path)
        if size == 0 { try directory.parent(of: name).directory.sync() }
        self.path = path
        self.size = size
        self.descriptor = descriptor
    }

    /// Adds bytes at the end; blocks.
    ///
    /// After an error `size` may be less than what is there: `truncate(to:)` mends it.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try unsafe descriptor.write(bytes, path: path)
        size += Int64(bytes.count)
    }

    /// Adds bytes at the end; blocks.
    public mutating func append(_ bytes: [UInt8]) throws(FileError) {
        var failure: FileError?
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(FileError) { try unsafe append(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Cuts the file to a length, which must not be more than it has.
    public mutating func truncate(to size: Int64) throws(FileError) {
        let current = try descriptor.regularSize(path: path)
        guard size >= 0, size <= current else {
            throw FileError(.truncated, "cannot cut '\(path)' to \(size) bytes: it has \(current)")
        }
        while ftruncate(descriptor.number, Int(size)) != 0 {
            guard errno == EINTR else { throw FileError("cut", path) }
        }
        self.size = size
    }

    /// Returns when the contents are durable.
    public func sync() throws(FileError) { try descriptor.sync(path: path) }
}

extension Directory {
    /// Opens a regular file for appending, or makes it; its name is durable at once, its contents after `sync()`.
    ///
    /// - Throws: `FileError`; `notRegular` when the name is something else.
    public func openAppendableFile(_ name: String, mode: UInt32 = 0o644) throws(FileError) -> AppendableFile {
        try AppendableFile(name, in: self, mode: mode)
    }
}
