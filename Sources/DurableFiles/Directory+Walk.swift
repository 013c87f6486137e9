import CLinux
import Glibc

extension Directory {
    /// Directories that lie deeper than this are refused.
    static let maximumDepth = 64

    /// Everything beneath this directory, sorted by the bytes of the paths; links are listed, never followed.
    ///
    /// - Parameter limit: how many entries are allowed.
    /// - Returns: files, directories, links and others, each once.
    /// - Throws: `FileError`; `overLimit` for more entries or more than 64 levels, `notRegular` for a mount point.
    public func entries(limit: Int = 1_000_000) throws(FileError) -> [DirectoryEntry] {
        var entries: [DirectoryEntry] = []
        try walk(prefix: "", depth: 0, limit: limit, into: &entries)
        return entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Removes a name and everything beneath it, never what a link points to; an absent name is fine.
    ///
    /// A crash leaves a part; calling again removes it. Durable after `sync()`.
    public func removeTree(_ name: String) throws(FileError) {
        guard try exists(name) else { return }
        let (parent, base) = try parent(of: name)
        try parent.removeTree(base.utf8CString, depth: 0)
    }

    /// Removes everything in this directory, whatever bytes its name has, and never what a link points to.
    ///
    /// A crash leaves a part; calling again removes it. Durable after `sync()`.
    public func removeContents() throws(FileError) { try removeContents(depth: 0) }

    private func walk(
        prefix: String, depth: Int, limit: Int, into entries: inout [DirectoryEntry]
    ) throws(FileError) {
        for child in try children(limit: limit - entries.count, path: path) {
            let entry = child.entry(prefix: prefix)
            guard entries.count < limit else { throw Self.overLimit(path, limit) }
            entries.append(entry)
            if entry.kind == .directory {
                try descend(child, depth: depth).walk(
                    prefix: entry.path + "/", depth: depth + 1, limit: limit, into: &entries)
            }
        }
    }

    private func removeTree(_ name: ContiguousArray<CChar>, depth: Int) throws(FileError) {
        let child = Child(name: name, kind: .other, size: 0)
        do throws(FileError) {
            if unsafe unlinkat(descriptor.number, Array(name), 0) == 0 { return }
            guard errno == EISDIR else { throw FileError("remove", full(child.escaped)) }
            try descend(child, depth: depth).removeContents(depth: depth + 1)
            try unlink(child, flags: AT_REMOVEDIR)
        } catch {
            // Somebody else may remove it at the same time.
            guard error.code == .notFound else { throw error }
        }
    }

    private func removeContents(depth: Int) throws(FileError) {
        for child in try children(limit: .max, path: path) {
            if child.kind == .directory {
                try removeTree(child.name, depth: depth)
            } else {
                try unlink(child, flags: 0)
            }
        }
    }

    private func descend(_ child: Child, depth: Int) throws(FileError) -> Directory {
        let path = full(child.escaped)
        guard depth < Self.maximumDepth else {
            throw FileError(.overLimit, "cannot enter '\(path)': more than \(Self.maximumDepth) levels deep")
        }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
        let number = unsafe clinux_open_beneath(descriptor.number, Array(child.name), flags, 0)
        return Directory(try Descriptor(number, "open directory", path), path: path)
    }

    static func overLimit(_ path: String, _ limit: Int) -> FileError {
        FileError(.overLimit, "cannot list '\(path)': it has more entries than the \(limit) allowed")
    }
}

/// A name as the kernel gave it, which need not be text.
struct Child {
    /// The bytes with a final NUL.
    let name: ContiguousArray<CChar>
    let kind: DirectoryEntry.Kind
    let size: Int64

    var bytes: [UInt8] { name.dropLast().map { UInt8(bitPattern: $0) } }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\\")
    }

    /// Whether the name is printable ASCII, and `escaped` therefore the name.
    var isPlain: Bool { bytes.allSatisfy(Self.isPlain) }

    /// The name in printable ASCII; ambiguous for no two names.
    var escaped: String {
        var text = ""
        for byte in bytes {
            if Self.isPlain(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16)
                text += hex.utf8.count == 1 ? "\\x0" + hex : "\\x" + hex
            }
        }
        return text
    }

    func entry(prefix: String) -> DirectoryEntry {
        let kind = isPlain ? kind : .other
        return DirectoryEntry(path: prefix + escaped, kind: kind, size: kind == .file ? size : 0)
    }
}

extension Directory {
    /// What lies directly in this directory, in the kernel's order.
    func children(limit: Int, path: String) throws(FileError) -> [Child] {
        // A new description of the same directory: reading it moves no position that someone else uses.
        let number = unsafe openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw FileError("list", path) }
        guard let stream = unsafe fdopendir(number) else {
            let error = FileError("list", path)
            close(number)
            throw error
        }
        defer { unsafe closedir(stream) }
        var children: [Child] = []
        while let name = try unsafe Self.next(stream, path: path) {
            guard children.count < limit else { throw Self.overLimit(path, limit) }
            var status = stat()
            guard unsafe fstatat(number, Array(name), &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                if errno == ENOENT { continue }
                throw FileError("examine", full(Child(name: name, kind: .other, size: 0).escaped))
            }
            children.append(Child(name: name, kind: Self.kind(status.st_mode), size: Int64(status.st_size)))
        }
        return children
    }

    func unlink(_ child: Child, flags: Int32) throws(FileError) {
        guard unsafe unlinkat(descriptor.number, Array(child.name), flags) == 0 || errno == ENOENT else {
            throw FileError("remove", full(child.escaped))
        }
    }

    private static func kind(_ mode: mode_t) -> DirectoryEntry.Kind {
        switch mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFLNK: .symlink
        default: .other
        }
    }

    /// The next name with its final NUL, nil at the end; `.` and `..` are left out.
    private static func next(_ stream: OpaquePointer, path: String) throws(FileError) -> ContiguousArray<CChar>? {
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw FileError("list", path) }
                return nil
            }
            guard let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) else { return nil }
            let start = unsafe (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
            let length = unsafe strlen(start)
            let name = unsafe ContiguousArray(UnsafeBufferPointer(start: start, count: length + 1))
            let isDot = name.elementsEqual(".".utf8CString) || name.elementsEqual("..".utf8CString)
            if !isDot { return name }
        }
    }
}
