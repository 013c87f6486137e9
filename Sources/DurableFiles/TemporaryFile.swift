import Glibc

/// A new file without its final name; it is removed unless it is committed.
///
/// After a crash it is still there, under a name that starts with `Directory.temporaryPrefix`.
public struct TemporaryFile: ~Copyable, Sendable {
    private let directory: Directory
    private let name: String
    private let descriptor: Descriptor
    private var isCommitted = false

    /// How many bytes were appended.
    public internal(set) var written: Int64 = 0

    init(in directory: Directory, mode: UInt32) throws(FileError) {
        // A name that exists belongs to another writer, or to one that crashed: take the next.
        for _ in 0..<100 {
            let name = Directory.temporaryPrefix + String(UInt64.random(in: .min ... .max), radix: 36)
            do throws(FileError) {
                self.descriptor = try directory.open(name, O_RDWR | O_CREAT | O_EXCL, "make a file in", mode: mode)
                self.name = name
                self.directory = directory
                return
            } catch {
                guard error.code == .exists else { throw error }
            }
        }
        throw FileError(.exists, "cannot make a temporary file in '\(directory.path)': every name is taken")
    }

    deinit {
        if !isCommitted { unsafe unlinkat(directory.descriptor.number, name, 0) }
    }

    var number: Int32 { descriptor.number }
    var path: String { directory.full(name) }

    /// Adds bytes at the end; blocks.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try unsafe descriptor.write(bytes, path: directory.full(name))
        written += Int64(bytes.count)
    }

    /// Adds bytes at the end; blocks.
    public mutating func append(_ bytes: [UInt8]) throws(FileError) {
        var failure: FileError?
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(FileError) { try unsafe append(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Returns when what was appended so far is on the device.
    public func sync() throws(FileError) { try descriptor.sync(path: directory.full(name)) }

    /// Gives the file its name in the same directory, replacing another file, and returns when all of it is durable.
    ///
    /// - Parameters:
    ///   - name: the final name, which may lie in an existing subdirectory.
    ///   - mode: the exact permissions, whatever the umask is; nil for those that it was made with, since FAT has none to set.
    ///   - owner: whom the file belongs to; nil for this process.
    ///   - isDurable: false for what may be lost or torn by a power cut, such as a cache whose reader checks it.
    /// - Throws: `FileError`; the file then either keeps no name at all, or has the new one but may not be durable.
    public consuming func commit(
        as name: String, mode: UInt32? = 0o644, owner: FileOwner? = nil, isDurable: Bool = true
    ) throws(FileError) {
        let (target, base) = try directory.parent(of: name)
        if let mode, fchmod(descriptor.number, mode) != 0 {
            throw FileError("set permissions of", directory.full(name))
        }
        if let owner { try descriptor.give(to: owner, path: directory.full(name)) }
        if isDurable { try descriptor.sync(path: directory.full(name)) }
        guard unsafe renameat(directory.descriptor.number, self.name, target.descriptor.number, base) == 0 else {
            throw FileError("give a file the name", directory.full(name))
        }
        isCommitted = true
        guard isDurable else { return }
        try target.sync()
        if target !== directory { try directory.sync() }
    }
}

extension Directory {
    /// Makes an empty file without a final name in this directory.
    public func makeTemporaryFile(mode: UInt32 = 0o600) throws(FileError) -> TemporaryFile {
        try TemporaryFile(in: self, mode: mode)
    }
}
