/// One thing that a walk through a directory found.
public struct DirectoryEntry: Sendable, Hashable {
    /// What it is, without following links.
    public enum Kind: Sendable {
        /// A regular file.
        case file
        /// A directory.
        case directory
        /// A symbolic link.
        case symlink
        /// A FIFO, socket or device, or anything whose name is not printable ASCII.
        case other
    }

    /// The path relative to the walked directory, joined by `/`.
    ///
    /// A part that has bytes other than printable ASCII, or a backslash, is escaped as `\xHH` and the kind is `other`:
    /// so two names never look alike, and a path can be shown on a terminal.
    public let path: String
    /// What it is.
    public let kind: Kind
    /// Its size in bytes; 0 if it is not a file.
    public let size: Int64

    /// Whether it is a file that somebody is writing, or that a crash left.
    public var isTemporary: Bool {
        kind == .file && path.split(separator: "/").last?.hasPrefix(Directory.temporaryPrefix) == true
    }
}

extension DirectoryEntry {
    /// What has any bytes as its path, escaped as those of a walk.
    public init(naming path: String, kind: Kind, size: Int64) {
        self = Child(name: path.utf8CString, kind: kind, size: size).entry(prefix: "")
    }
}
