import Glibc

/// A block device that is open for reading.
public struct BlockDevice: Sendable {
    /// Its contents.
    public let contents: ReadableFile
    /// Its number, which is the `fileSystem` of directories on it where it is mounted.
    public let number: UInt64
}

extension Directory {
    /// Opens a block device for reading, without waiting for a medium; nil when the name is something else.
    ///
    /// Nothing else is opened, since opening alone makes some devices act.
    public func openBlockDevice(_ name: String) throws(FileError) -> BlockDevice? {
        guard try examine(name).status(path: full(name)).isBlockDevice else { return nil }
        let descriptor = try open(name, O_RDONLY | O_NONBLOCK, "open")
        let status = try descriptor.status(path: full(name))
        guard status.isBlockDevice else { return nil }
        return BlockDevice(
            contents: try ReadableFile(device: descriptor, path: full(name)), number: UInt64(status.st_rdev))
    }

    /// What lies directly in this directory, in the order of its bytes; names that are not printable ASCII are left out.
    ///
    /// - Throws: `FileError`; `overLimit` for more names.
    public func names(limit: Int = 100_000) throws(FileError) -> [String] {
        try children(limit: limit, path: path).filter(\.isPlain).map(\.escaped).sorted()
    }
}

extension stat {
    fileprivate var isBlockDevice: Bool { st_mode & S_IFMT == S_IFBLK }
}
