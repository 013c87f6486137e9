import Glibc

/// The user and the group that a file belongs to.
public struct FileOwner: Sendable, Hashable {
    /// The number of the user.
    public let userID: UInt32
    /// The number of the group.
    public let groupID: UInt32

    /// An owner of its numbers.
    public init(userID: UInt32, groupID: UInt32) {
        self.userID = userID
        self.groupID = groupID
    }

    /// Whether this process may leave files to the owner: it is root, or runs as the owner.
    public var isReachable: Bool { geteuid() == 0 || geteuid() == userID }
}

extension Directory {
    /// Whom the directory belongs to.
    public var owner: FileOwner {
        get throws(FileError) { try descriptor.owner(path: path) }
    }

    /// Gives a directory that this process made its permissions and its owner.
    ///
    /// One that a crash left between the two belongs to this process still.
    func give(to owner: FileOwner, mode: UInt32, isNew: Bool) throws(FileError) {
        let found = try descriptor.owner(path: path)
        guard isNew || (found.userID != owner.userID && found.userID == geteuid()) else { return }
        guard fchmod(descriptor.number, mode) == 0 else {
            let error = FileError("set permissions of", path)
            // Another task may have given it away since: permissions come first.
            guard try descriptor.owner(path: path) == owner else { throw error }
            return
        }
        try descriptor.give(to: owner, path: path)
    }
}

extension Descriptor {
    func owner(path: String) throws(FileError) -> FileOwner {
        let status = try status(path: path)
        return FileOwner(userID: status.st_uid, groupID: status.st_gid)
    }

    /// Changes the owner where it is another one; who is not root keeps the group that the kernel chose.
    func give(to owner: FileOwner, path: String) throws(FileError) {
        let found = try self.owner(path: path)
        guard found != owner, found.userID != owner.userID || geteuid() == 0 else { return }
        guard fchown(number, owner.userID, owner.groupID) == 0 else {
            throw FileError("give to user \(owner.userID) and group \(owner.groupID)", path)
        }
    }
}
