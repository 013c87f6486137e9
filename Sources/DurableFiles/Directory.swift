import CLinux
import Glibc

/// An open directory; every name is resolved beneath it and never follows a link or enters another mount.
///
/// Names are relative and may have several parts (`blobs/sha256/00`); `.`, `..` and empty parts are refused.
/// All operations block. The descriptor, and with it a lock, lives as long as the object.
public final class Directory: Sendable {
    /// Where the directory was when it was opened; used in messages only.
    public let path: String
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens an existing directory; this path, which people give, may contain links.
    ///
    /// - Throws: `FileError`, among others `notFound` and `notRegular`.
    public init(opening path: String) throws(FileError) {
        try Self.checkPath(path)
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        self.descriptor = try Descriptor(unsafe Glibc.open(path, flags), "open directory", path)
        self.path = path
    }

    /// A path that people give, absolute and without links.
    ///
    /// - Throws: `FileError`, as `notFound`.
    public static func realPath(_ path: String) throws(FileError) -> String {
        try checkPath(path)
        guard let resolved = unsafe realpath(path, nil) else { throw FileError("find", path) }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Opens a directory after making it and its missing parents durably; an existing one is fine.
    ///
    /// A crash leaves some of the parents; calling again completes them.
    public static func make(_ path: String, mode: UInt32 = 0o755) throws(FileError) -> Directory {
        try checkPath(path)
        var directory = try Directory(opening: path.hasPrefix("/") ? "/" : ".")
        var walked = path.hasPrefix("/") ? "" : nil as String?
        for part in path.split(separator: "/") where part != "." {
            let name = String(part)
            let next = walked.map { $0 + "/" + name } ?? name
            walked = next
            directory = try directory.child(name, path: next, mode: mode)
        }
        return directory
    }

    /// Opens a directory beneath this one.
    public func subdirectory(_ name: String) throws(FileError) -> Directory {
        let descriptor = try open(name, O_RDONLY | O_DIRECTORY, "open directory")
        return Directory(descriptor, path: full(name))
    }

    /// Opens a directory beneath this one, made durably where it is missing; each part of the name may be.
    ///
    /// - Parameters:
    ///   - name: One part or several.
    ///   - mode: The permissions of what is made: exact with an owner, else less what the umask takes.
    ///   - owner: Whom everything that is made belongs to, durably once something is made in it; nil for this process.
    /// - Returns: The last directory.
    /// - Throws: `FileError`; calling again after a crash completes what it left.
    public func makeSubdirectory(
        _ name: String, mode: UInt32 = 0o755, owner: FileOwner? = nil
    ) throws(FileError) -> Directory {
        try Self.checkName(name, in: path)
        var directory = self
        for part in name.split(separator: "/") {
            let name = String(part)
            let isNew = unsafe mkdirat(directory.descriptor.number, name, mode) == 0
            if isNew {
                try directory.sync()
            } else if errno != EEXIST {
                throw FileError("make directory", directory.full(name))
            }
            directory = try directory.subdirectory(name)
            if let owner { try directory.give(to: owner, mode: mode, isNew: isNew) }
        }
        return directory
    }

    /// Returns when every name made, renamed or removed directly in this directory is durable.
    public func sync() throws(FileError) { try descriptor.sync(path: path) }

    /// Returns when everything on this directory's volume is durable, whoever wrote it.
    ///
    /// - Throws: `FileError` when the device failed, before Linux 5.8 not always.
    public func syncFileSystem() throws(FileError) {
        guard clinux_sync_file_system(descriptor.number) == 0 else { throw FileError("sync the volume of", path) }
    }

    /// Returns when everything on all volumes was written, where the one that matters is not known; tells no failures.
    public static func syncAllFileSystems() { Glibc.sync() }

    /// Takes the exclusive lock of this directory without waiting; it is freed with this object.
    ///
    /// The lock is advisory and belongs to this object: another `Directory` of the same path does not hold it.
    ///
    /// - Throws: `FileError` with code `busy` when it is held elsewhere.
    public func lock() throws(FileError) {
        while flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw FileError("lock", path) }
            throw FileError(.busy, "cannot lock '\(path)': another process is working there; wait until it ends")
        }
    }

    /// Joins those who write into this directory, until this object is gone; whoever is alone there removes the temporary
    /// files that crashes left directly in it.
    ///
    /// - Throws: `FileError` when they cannot be removed, or with code `busy` when somebody keeps all others out for a
    ///   minute. A file system without locks is none: they stay there.
    public func join() throws(FileError) {
        if flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 { try removeTemporaryFiles() }
        // Whoever is removing ends soon.
        let end = ContinuousClock.now + .seconds(60)
        while flock(descriptor.number, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
            guard .now < end else {
                throw FileError(.busy, "cannot lock '\(path)': another process holds it alone; see which, and end it")
            }
            usleep(50_000)
        }
    }

    /// What ordinary users can still store on the volume, `Int64.max` where it has no such limit, and what a file is rounded up to.
    public func freeSpace() throws(FileError) -> (bytes: Int64, inodes: Int64, block: Int64) {
        var status = statvfs()
        guard unsafe fstatvfs(descriptor.number, &status) == 0 else { throw FileError("examine the volume of", path) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        let inodes = status.f_files == 0 ? UInt64.max : UInt64(status.f_favail)
        // A driver that cannot tell says that the volume has no block at all.
        let isUnknown = overflow || status.f_blocks == 0
        return (isUnknown ? .max : Int64(clamping: bytes), Int64(clamping: inodes), max(1, Int64(status.f_frsize)))
    }

    /// The number of the volume: equal for two directories if they share one.
    public var fileSystem: UInt64 {
        get throws(FileError) { UInt64(try descriptor.status(path: path).st_dev) }
    }
}

extension Directory {
    /// A path for messages.
    func full(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    /// Opens a name beneath this directory.
    func open(
        _ name: String, _ flags: Int32, _ operation: String, mode: UInt32 = 0
    ) throws(FileError) -> Descriptor {
        try Self.checkName(name, in: path)
        let number = unsafe clinux_open_beneath(descriptor.number, name, flags | O_CLOEXEC | O_NOFOLLOW, mode)
        return try Descriptor(number, operation, full(name))
    }

    /// Opens whatever has the name, for its status only; a link itself.
    func examine(_ name: String) throws(FileError) -> Descriptor {
        try Self.checkName(name, in: path)
        let number = unsafe clinux_examine_beneath(descriptor.number, name)
        return try Descriptor(number, "examine", full(name))
    }

    /// The directory that holds a name, and the name's last part.
    func parent(of name: String) throws(FileError) -> (directory: Directory, base: String) {
        try Self.checkName(name, in: path)
        guard let slash = name.lastIndex(of: "/") else { return (self, name) }
        return (try subdirectory(String(name[..<slash])), String(name[name.index(after: slash)...]))
    }

    private func child(_ name: String, path: String, mode: UInt32) throws(FileError) -> Directory {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        var number = unsafe openat(descriptor.number, name, flags)
        if number < 0 && errno == ENOENT {
            if unsafe mkdirat(descriptor.number, name, mode) == 0 {
                try sync()
            } else if errno != EEXIST {
                throw FileError("make directory", path)
            }
            number = unsafe openat(descriptor.number, name, flags)
        }
        return Directory(try Descriptor(number, "open directory", path), path: path)
    }

    private static func checkPath(_ path: String) throws(FileError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw FileError(.invalidName, "'\(path)' is not a path: it is empty or contains a NUL")
        }
    }

    private static func checkName(_ name: String, in path: String) throws(FileError) {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isValid = parts.allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8) && !part.contains(0)
        }
        guard isValid else {
            throw FileError(
                .invalidName, "'\(name)' is not a name in '\(path)': relative, without empty parts, '.', '..' and NUL")
        }
    }
}
