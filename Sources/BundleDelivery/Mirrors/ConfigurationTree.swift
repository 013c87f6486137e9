import DurableFiles

/// The `etc` of a system: this one's, or that of an image of one.
///
/// `etc` itself may be a link or a volume of its own; what lies beneath is never reached through links.
struct ConfigurationTree: Sendable {
    private let path: String
    private let etc: Directory?

    /// Larger than any configuration of a runtime.
    private static let sizeLimit = 1 << 20

    init(root: String) throws(FileError) {
        path = root + (root.hasSuffix("/") ? "etc" : "/etc")
        do throws(FileError) { etc = try Directory(opening: path) } catch {
            guard error.code == .notFound else { throw error }
            etc = nil
        }
    }

    /// The bytes of a file; nil when it is not there.
    func read(_ name: String) throws(FileError) -> [UInt8]? {
        try found { () throws(FileError) in try etc?.readFile(name, limit: Self.sizeLimit) }
    }

    /// The text of a file by lines; nil when it is not there.
    ///
    /// - Throws: `DeliveryError` with code `foreign` when it is not UTF-8.
    func lines(_ name: String) throws -> [String]? {
        guard let bytes = try read(name) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw foreign(name, "it is not UTF-8") }
        // By bytes: to characters a CR LF is one.
        return text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(Substring($0))
        }
    }

    /// The folders in a folder, none when it is not there; links are left out.
    func folders(_ parent: String) throws(FileError) -> [String] {
        let names = try found { () throws(FileError) in try etc?.subdirectory(parent).names() } ?? []
        var folders: [String] = []
        for name in names {
            do throws(FileError) {
                guard try etc?.subdirectory(parent + "/" + name) != nil else { continue }
                folders.append(name)
            } catch {
                guard error.code == .notRegular else { throw error }
            }
        }
        return folders
    }

    /// The change of a file to its new contents; nil for those where it is to go.
    func change(
        _ name: String, to contents: [UInt8]?, isSecret: Bool = false, takesFolder: Bool = false
    ) throws(FileError) -> FileChange? {
        let old = try read(name)
        guard old != nil || contents != nil else { return nil }
        let attributes = try found { () throws(FileError) in try etc?.attributes(of: name) }
        let isOpen = isSecret && (attributes?.mode ?? 0) & 0o077 != 0
        let kind: FileChange.Kind = contents == nil ? .removed : old == contents && !isOpen ? .unchanged : .written
        return FileChange(
            kind: kind, name: name, contents: contents ?? [], isSecret: isSecret, takesFolder: takesFolder)
    }

    /// Makes a change, durably and in one step; mode and owner of a file that is there stay, but for secrets.
    func apply(_ change: FileChange) throws(FileError) {
        guard change.kind != .unchanged else { return }
        let etc = try Directory.make(path)
        let slash = change.name.lastIndex(of: "/") ?? change.name.startIndex
        let (folderName, base) = (String(change.name[..<slash]), String(change.name[slash...].dropFirst()))
        guard change.kind == .written else {
            let folder = try etc.subdirectory(folderName)
            try folder.remove(base)
            try folder.sync()
            if change.takesFolder { try etc.removeEmptyDirectory(folderName) }
            return
        }
        let folder = try etc.makeSubdirectory(folderName)
        let old = try found { () throws(FileError) in try folder.attributes(of: base) }
        let mode = change.isSecret ? 0o600 : old?.mode ?? 0o644
        try folder.writeFile(base, change.contents, mode: mode, owner: old?.owner)
    }

    /// A file of somebody else's that stays as it is.
    func foreign(_ name: String, _ what: String) -> DeliveryError {
        DeliveryError(
            .foreign,
            "merging into \(path)/\(name): \(what); nothing was written, correct the file or move it away, "
                + "and run the command again"
        )
    }

    private func found<Value>(_ body: () throws(FileError) -> Value?) throws(FileError) -> Value? {
        do throws(FileError) { return try body() } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }
}
