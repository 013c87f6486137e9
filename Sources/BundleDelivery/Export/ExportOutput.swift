import BundleFormat
import DurableFiles

/// Where an export or an image of a disc gets its name, and the directory beside it where it is made.
///
/// Nothing that is there is ever replaced, but for an empty directory.
struct ExportOutput {
    /// Where the export is made.
    let partial: Directory
    private let parent: Directory
    private let name: String
    private let path: String
    private let isDirectory: Bool

    /// What a single file is called in the partial directory.
    static let archiveName = "archive"

    private var partialName: String { "." + name + ".partial" }

    /// Opens or makes the partial directory, locks it against other exports, and empties it.
    ///
    /// - Throws: `DeliveryError` with code `usage` when something is at the path; `FileError`, as `busy`.
    init(path: String, isDirectory: Bool) throws {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        let (folder, name) = PathText.split(trimmed)
        self.name = name
        guard !name.isEmpty, name != ".", name != ".." else {
            throw DeliveryError(.usage, "'\(path)' cannot become an output; name a new file or directory")
        }
        self.path = String(trimmed)
        self.isDirectory = isDirectory
        parent = try Directory(opening: folder)
        try Self.refuseBundles(above: folder, path: path)
        try Self.refuse(name, in: parent, path: path, isDirectory: isDirectory)
        partial = try parent.makeSubdirectory("." + name + ".partial")
        do throws(FileError) {
            try partial.lock()
            guard try partial.isNamed("." + name + ".partial", in: parent) else {
                throw FileError(.busy, "it was made at this moment")
            }
        } catch {
            guard error.code == .busy else { throw error }
            throw FileError(
                .busy, "writing \(path): another process works there; wait for it, or name another output")
        }
        try partial.removeContents()
    }

    /// Another file in a bundle damages it.
    private static func refuseBundles(above folder: String, path: String) throws {
        var folder = folder
        // The parent of the root is the root.
        for _ in 0..<64 {
            guard try !Directory(opening: folder).exists(BundleLayout.statement) else {
                throw DeliveryError(.usage, "not writing \(path): it would lie in a bundle; name another output")
            }
            folder += "/.."
        }
    }

    private static func refuse(_ name: String, in parent: Directory, path: String, isDirectory: Bool) throws {
        guard try parent.exists(name) else { return }
        do throws(FileError) {
            if isDirectory, try parent.subdirectory(name).entries(limit: 1).isEmpty { return }
        } catch {
            guard [.overLimit, .notRegular].contains(error.code) else { throw error }
        }
        throw DeliveryError(
            .usage,
            "writing \(path): there is something already"
                + (isDirectory ? " that is no empty directory of this volume" : "")
                + "; name another output, or remove it yourself")
    }

    /// Whether the volume has room for so much; changes nothing.
    ///
    /// - Throws: `FileError` with code `noSpace`.
    func checkRoom(bytes: Int64, files: Int) throws(FileError) {
        let free = try partial.freeSpace()
        // Each file ends with a part of a block.
        let needed = bytes + Int64(files) * 4096
        guard needed > free.bytes || Int64(files) > free.inodes else { return }
        throw FileError(
            .noSpace,
            "writing \(path): \(needed) bytes in \(files) files are needed, and the volume has room for "
                + "\(free.bytes) bytes in \(free.inodes) files; make room, or name an output elsewhere")
    }

    /// Gives the export its name, durably.
    ///
    /// - Throws: As `init`.
    func publish() throws {
        try Self.refuse(name, in: parent, path: path, isDirectory: isDirectory)
        if isDirectory {
            try parent.rename(partialName, to: name)
        } else {
            try parent.rename("\(partialName)/\(Self.archiveName)", to: name)
            try parent.removeTree(partialName)
            try parent.sync()
        }
    }

    /// Removes what was made so far, after an error that matters more than this one.
    func discard() {
        // Once published, the name may be that of another export.
        guard (try? partial.isNamed(partialName, in: parent)) == true else { return }
        try? parent.removeTree(partialName)
    }
}
