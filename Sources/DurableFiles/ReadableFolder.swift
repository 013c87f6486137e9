/// A folder whose files can be read: a directory, or a folder of the image of a disc.
///
/// Names are relative and may have several parts. All operations block.
public protocol ReadableFolder: Sendable {
    /// Where it is, for messages.
    var path: String { get }

    /// Opens a regular file for reading.
    ///
    /// - Throws: `FileError`, among others `notFound` and `notRegular`.
    func openFile(_ name: String) throws(FileError) -> ReadableFile

    /// The size of a regular file, or nil when the name does not exist.
    ///
    /// - Throws: `FileError`; `notRegular` when the name is something else.
    func size(of name: String) throws(FileError) -> Int64?

    /// Opens a folder beneath this one.
    ///
    /// - Throws: `FileError`, among others `notFound` and `notRegular`.
    func folder(_ name: String) throws(FileError) -> any ReadableFolder

    /// Everything beneath it, sorted by the bytes of the paths.
    ///
    /// - Parameter limit: how many entries are allowed.
    /// - Returns: files, folders and others, each once.
    /// - Throws: `FileError`; `overLimit` for more.
    func entries(limit: Int) throws(FileError) -> [DirectoryEntry]
}

extension ReadableFolder {
    /// The whole of a regular file.
    ///
    /// - Throws: `FileError`; `overLimit` when it has more bytes than `limit`, before anything is read.
    public func readFile(_ name: String, limit: Int) throws(FileError) -> [UInt8] {
        let file = try openFile(name)
        guard file.size <= limit else {
            throw FileError(
                .overLimit, "cannot read '\(file.path)': it has \(file.size) bytes, more than the \(limit) allowed")
        }
        return try file.read(at: 0, count: Int(file.size))
    }
}

extension Directory: ReadableFolder {
    /// Opens a directory beneath this one, to read it.
    public func folder(_ name: String) throws(FileError) -> any ReadableFolder { try subdirectory(name) }
}
