import Glibc

extension Directory {
    /// The permission bits.
    public var permissions: UInt32 {
        get throws(FileError) { try descriptor.status(path: path).st_mode & 0o7777 }
    }
}
