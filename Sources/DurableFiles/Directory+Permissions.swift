import Glibc

extension Directory {
    /// The permission bits.
    public var permissions: UInt32 {
        get throws(FileError) { try descriptor.status(path: path).st_mode & 0o7777 }
    }

    /// The permission bits and the owner of a name; of a link itself.
    public func attributes(of name: String) throws(FileError) -> (mode: UInt32, owner: FileOwner) {
        let status = try examine(name).status(path: full(name))
        return (status.st_mode & 0o7777, FileOwner(userID: status.st_uid, groupID: status.st_gid))
    }
}
