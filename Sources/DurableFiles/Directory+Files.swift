import CLinux
import Glibc

extension Directory {
    /// How temporary files start, so that what a crash leaves is recognised.
    public static let temporaryPrefix = ".tmp-"

    /// Opens a regular file for reading; a link, FIFO, device or directory is refused without waiting.
    ///
    /// - Throws: `FileError`, among others `notFound` and `notRegular`.
    public func openFile(_ name: String) throws(FileError) -> ReadableFile {
        let descriptor = try open(name, O_RDONLY | O_NONBLOCK, "open")
        return try ReadableFile(descriptor, path: full(name))
    }

    /// Writes a file so that after a crash either the old or the complete new one is there; returns when it is durable.
    public func writeFile(
        _ name: String, _ bytes: [UInt8], mode: UInt32 = 0o644, owner: FileOwner? = nil
    ) throws(FileError) {
        var file = try makeTemporaryFile()
        try file.append(bytes)
        try file.commit(as: name, mode: mode, owner: owner)
    }

    /// Replaces bytes within a file that nobody relies on yet, durably; a crash may leave a part of them.
    ///
    /// - Throws: `FileError`; `truncated` when the file ends before them.
    public func patchFile(_ name: String, at offset: Int64, with bytes: [UInt8]) throws(FileError) {
        let descriptor = try open(name, O_WRONLY | O_NONBLOCK, "open")
        let size = try descriptor.regularSize(path: full(name))
        guard offset >= 0, offset <= size - Int64(bytes.count) else {
            throw FileError(
                .truncated, "cannot write \(bytes.count) bytes at \(offset) of '\(full(name))': it has \(size) bytes")
        }
        let count = unsafe pwrite(descriptor.number, bytes, bytes.count, Int(offset))
        guard count >= 0 else { throw FileError("write", full(name)) }
        guard count == bytes.count else { throw FileError(.io, "cannot write '\(full(name))': the device took a part") }
        try descriptor.sync(path: full(name))
    }

    /// Returns when the contents of a regular file, which another program may have written, are durable.
    public func syncFile(_ name: String) throws(FileError) {
        let descriptor = try open(name, O_RDONLY | O_NONBLOCK, "open")
        _ = try descriptor.regularSize(path: full(name))
        try descriptor.sync(path: full(name))
    }

    /// Removes the temporary files that lie directly in this directory, as a crash leaves them; durable after `sync()`.
    ///
    /// Only for a directory in which nobody else works.
    public func removeTemporaryFiles() throws(FileError) {
        for child in try children(limit: .max, path: path) {
            guard child.kind == .file, child.bytes.starts(with: Self.temporaryPrefix.utf8) else { continue }
            try unlink(child, flags: 0)
        }
    }

    /// Whether the name exists, as anything at all; a link is not followed.
    public func exists(_ name: String) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try examine(name)
            return true
        } catch {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    /// The size of a regular file, or nil when the name does not exist.
    ///
    /// - Throws: `FileError`; `notRegular` when the name is something else.
    public func size(of name: String) throws(FileError) -> Int64? {
        do throws(FileError) {
            return try examine(name).regularSize(path: full(name))
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Whether a name in another directory leads to this one; it may not any more when somebody renamed or removed it.
    public func isNamed(_ name: String, in parent: Directory) throws(FileError) -> Bool {
        let own = try descriptor.status(path: path)
        do throws(FileError) {
            let named = try parent.examine(name).status(path: parent.full(name))
            return own.st_dev == named.st_dev && own.st_ino == named.st_ino
        } catch {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    /// Renames durably; an existing file of the new name is replaced in one step.
    public func rename(_ from: String, to: String) throws(FileError) {
        let (source, sourceName) = try parent(of: from)
        let (target, targetName) = try parent(of: to)
        guard unsafe renameat(source.descriptor.number, sourceName, target.descriptor.number, targetName) == 0 else {
            throw FileError("rename '\(full(from))' to", full(to))
        }
        try Self.sync(target, source)
    }

    /// Swaps two existing names durably and in one step, files or directories.
    public func exchange(_ first: String, with second: String) throws(FileError) {
        let (one, oneName) = try parent(of: first)
        let (two, twoName) = try parent(of: second)
        guard unsafe clinux_exchange(one.descriptor.number, oneName, two.descriptor.number, twoName) == 0 else {
            throw FileError("exchange '\(full(first))' with", full(second))
        }
        try Self.sync(one, two)
    }

    /// Removes a name that is not a directory; durable after `sync()`.
    public func remove(_ name: String) throws(FileError) {
        let (parent, base) = try parent(of: name)
        guard unsafe unlinkat(parent.descriptor.number, base, 0) == 0 else { throw FileError("remove", full(name)) }
    }

    /// Removes a directory durably, unless something lies in it.
    public func removeEmptyDirectory(_ name: String) throws(FileError) {
        let (parent, base) = try parent(of: name)
        guard unsafe unlinkat(parent.descriptor.number, base, AT_REMOVEDIR) == 0 else {
            guard errno == ENOTEMPTY || errno == EEXIST else { throw FileError("remove", full(name)) }
            return
        }
        try parent.sync()
    }

    private static func sync(_ first: Directory, _ second: Directory) throws(FileError) {
        try first.sync()
        if first !== second { try second.sync() }
    }
}
