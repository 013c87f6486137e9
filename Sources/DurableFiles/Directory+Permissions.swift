import Glibc

extension Directory {
    /// Whom the directory belongs to, and its permission bits.
    public var permissions: (owner: UInt32, mode: UInt32) {
        get throws(FileError) {
            let status = try descriptor.status(path: path)
            return (status.st_uid, status.st_mode & 0o7777)
        }
    }
}
