public import DurableFiles

/// A folder of an ISO 9660 image, whose files are ranges of it: nothing is mounted, unpacked or believed.
///
/// By the names of Rock Ridge, or those of Joliet where there are none. Where a path leads to one place in the one tree
/// and to another in the other, the image is refused: what was verified here would be something else elsewhere.
public final class DiscFolder: ReadableFolder {
    /// The path of the image, and that of the folder in it.
    public let path: String
    private let image: ReadableFile
    private let folder: String
    private let files: [String: DiscTree.Place]
    private let folders: Set<String>

    /// Opens a folder of an image.
    ///
    /// - Parameters:
    ///   - image: The image.
    ///   - folder: The folder, relative; empty for the root.
    /// - Throws: `FileError`, or `DiscError`.
    public convenience init(_ image: ReadableFile, folder: String) throws {
        let volume = try DiscVolume(image)
        let named = try volume.rockRidge()
        let joliet = try volume.joliet()
        let tree = named.hasRockRidge ? named : joliet ?? named
        guard folder.isEmpty || tree.folders.contains(folder) else {
            throw DiscError(.notFound, "reading '\(image.path)': it has no folder '/\(folder)'; name another one")
        }
        self.init(image, image.path, tree.files, tree.folders, folder)
        try refuseContradictions(joliet)
        try refuseOverlaps()
    }

    /// What lies beneath a folder.
    private init(
        _ image: ReadableFile, _ path: String, _ files: [String: DiscTree.Place], _ folders: Set<String>,
        _ folder: String
    ) {
        self.image = image
        self.folder = folder
        self.path = folder.isEmpty ? path : path + "/" + folder
        let prefix = folder.isEmpty ? "" : folder + "/"
        func name(_ path: String) -> String? { path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil }
        self.files = Dictionary(
            uniqueKeysWithValues: files.compactMap { file in name(file.key).map { ($0, file.value) } })
        self.folders = Set(folders.compactMap(name))
    }

    private func refuseContradictions(_ joliet: DiscTree?) throws(DiscError) {
        for (name, place) in files {
            guard place.end <= image.size else {
                throw DiscError(
                    .damaged, "reading '\(path)': '\(name)' lies outside of the image; it is cut off, copy it again")
            }
            guard let other = joliet?.files[folder.isEmpty ? name : folder + "/" + name] else { continue }
            // Where nothing lies is anybody's choice.
            guard other.size == place.size, place.size == 0 || other == place else {
                throw DiscError(
                    .damaged,
                    "reading '\(path)': '\(name)' is one file by its Rock Ridge name and another by its Joliet name; "
                        + "use another image")
            }
        }
    }

    /// Files may share all of their bytes, as links do, and not a part of them.
    private func refuseOverlaps() throws(DiscError) {
        let ordered = files.filter { $0.value.size > 0 }.sorted { $0.value.offset < $1.value.offset }
        for (one, two) in zip(ordered, ordered.dropFirst())
        where two.value.offset < one.value.end && one.value != two.value {
            throw DiscError(.damaged, "reading '\(path)': '\(one.key)' and '\(two.key)' overlap; use another image")
        }
    }

    /// Opens a folder beneath this one.
    public func folder(_ name: String) throws(FileError) -> any ReadableFolder {
        guard folders.contains(name) else {
            throw FileError(.notFound, "cannot open '\(path)/\(name)': the image has no such folder")
        }
        return DiscFolder(image, path, files, folders, name)
    }

    /// Opens a file, which is a range of the image.
    public func openFile(_ name: String) throws(FileError) -> ReadableFile {
        guard let place = files[name] else {
            guard !folders.contains(name) else {
                throw FileError(.notRegular, "cannot open '\(path)/\(name)': it is a folder")
            }
            throw FileError(.notFound, "cannot open '\(path)/\(name)': the image has no such file")
        }
        return try ReadableFile(part: place.offset..<place.end, of: image, path: "\(path)/\(name)")
    }

    /// The size of a file, or nil when the name does not exist.
    public func size(of name: String) throws(FileError) -> Int64? {
        guard !folders.contains(name) else {
            throw FileError(.notRegular, "cannot examine '\(path)/\(name)': it is a folder")
        }
        return files[name]?.size
    }

    /// Everything beneath it, sorted by the bytes of the paths.
    public func entries(limit: Int) throws(FileError) -> [DirectoryEntry] {
        guard files.count + folders.count <= limit else {
            throw FileError(.overLimit, "cannot list '\(path)': it has more entries than the \(limit) allowed")
        }
        let found =
            files.map { DirectoryEntry(naming: $0.key, kind: .file, size: $0.value.size) }
            + folders.map { DirectoryEntry(naming: $0, kind: .directory, size: 0) }
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}
