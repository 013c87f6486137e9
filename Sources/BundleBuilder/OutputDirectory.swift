import BundleFormat
import DurableFiles
import Foundation

/// The directory that becomes the bundle, and the one beside it where the bundle is made.
///
/// Spec: docs/format.md section 9. Whatever lies at the final name is whole at any moment: nothing, the older bundle, or the
/// new one. Only who holds the lock of a directory renames, empties or removes it.
struct OutputDirectory {
    /// Where the bundle is made.
    let partial: Directory
    private let parent: Directory
    private let name: String
    private let path: String

    private var partialName: String { name + ".partial" }

    /// Opens or makes the partial directory and locks it against other builds.
    ///
    /// - Throws: `BuildError` with code `output` when the path holds something else than a bundle, or `busy`.
    init(path: String) throws(BuildError) {
        let trimmed = Self.trimmed(path)
        let slash = trimmed.lastIndex(of: "/")
        name = slash.map { String(trimmed[trimmed.index(after: $0)...]) } ?? trimmed
        let folder = slash.map { $0 == trimmed.startIndex ? "/" : String(trimmed[..<$0]) } ?? "."
        guard !name.isEmpty, name != ".", name != ".." else {
            throw BuildError(.output, "'\(path)' cannot become a bundle; name a new directory")
        }
        self.path = trimmed
        try Self.refuseBundles(above: folder, path: trimmed)
        do throws(FileError) { parent = try Directory.make(folder) } catch {
            throw BuildError(error, doing: "making the directory \(folder)")
        }
        _ = try Self.older(name, in: parent, path: trimmed)
        partial = try Self.lock(name + ".partial", in: parent, path: trimmed)
    }

    /// Another file in a bundle damages it.
    private static func refuseBundles(above folder: String, path: String) throws(BuildError) {
        var folder = URL(fileURLWithPath: folder).resolvingSymlinksInPath()
        while folder.path != "/" {
            let statement = folder.appendingPathComponent(BundleLayout.statement).path
            guard !FileManager.default.fileExists(atPath: statement) else {
                throw BuildError(
                    .output, "not making \(path): it would lie in the bundle \(folder.path); name another output")
            }
            folder.deleteLastPathComponent()
        }
    }

    private static func trimmed(_ path: String) -> String {
        var path = Substring(path)
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    /// What lies at the final name: an older bundle, an empty directory, or nothing.
    private static func older(
        _ name: String, in parent: Directory, path: String
    ) throws(BuildError) -> Directory? {
        do throws(FileError) {
            return try settled { () throws(FileError) in
                guard try parent.exists(name) else { return .some(nil) }
                let older = try parent.subdirectory(name)
                if try older.exists(BundleLayout.statement) { return older }
                if try older.entries().isEmpty { return older }
                guard try older.isNamed(name, in: parent) else { return nil }
                throw FileError(.exists, "it is neither empty nor a bundle; name another output, or remove it yourself")
            }
        } catch {
            guard [.exists, .notRegular].contains(error.code) else {
                throw BuildError(error, doing: "looking at the output \(path)")
            }
            throw BuildError(.output, "not touching \(path): \(error.message)", cause: error)
        }
    }

    private static func lock(_ name: String, in parent: Directory, path: String) throws(BuildError) -> Directory {
        do throws(FileError) {
            return try settled { () throws(FileError) in
                let directory = try parent.makeSubdirectory(name)
                try directory.lock()
                return try directory.isNamed(name, in: parent) ? directory : nil
            }
        } catch {
            guard error.code == .busy else { throw BuildError(error, doing: "making the directory \(path).partial") }
            throw BuildError(
                .busy, "another build works in \(path).partial; wait for it, or name another output", cause: error)
        }
    }

    /// Looks again where another build has renamed or removed what was looked at: the body gives nil then, or `notFound`.
    private static func settled<Value>(_ body: () throws(FileError) -> Value?) throws(FileError) -> Value {
        for _ in 0..<10 {
            do throws(FileError) {
                if let value = try body() { return value }
            } catch {
                guard error.code == .notFound else { throw error }
            }
        }
        throw FileError(.busy, "other builds replace it again and again; wait for them")
    }

    /// Removes what an earlier build left, so that it takes no room.
    func clear() throws(BuildError) {
        do throws(FileError) { try Self.clear(partial) } catch {
            throw BuildError(error, doing: "emptying the directory \(path).partial")
        }
    }

    /// First what makes it a bundle: what a crash leaves must not look like one.
    private static func clear(_ directory: Directory) throws(FileError) {
        try directory.removeTree(BundleLayout.statement)
        try directory.sync()
        try directory.removeContents()
    }

    /// Gives the finished bundle its name; an older one is exchanged in one step and then removed.
    ///
    /// - Throws: `BuildError` with code `busy` when somebody works in the older one, or `output` when it is no bundle any
    ///   more; nothing has changed then.
    func publish() throws(BuildError) {
        let older = try Self.older(name, in: parent, path: path)
        do throws(FileError) {
            if let older {
                try older.lock()
                guard try older.isNamed(name, in: parent) else {
                    throw FileError(.busy, "'\(path)' was replaced in the meantime; run the build again")
                }
                try parent.exchange(partialName, with: name)
                try Self.clear(older)
                try parent.removeTree(partialName)
            } else {
                try parent.rename(partialName, to: name)
            }
            try parent.sync()
        } catch {
            throw BuildError(error, doing: "giving the bundle its name \(path)")
        }
    }

    /// Removes what was made so far, after an error that matters more than this one.
    func discard() {
        // Once published, the name may be that of another build's directory.
        guard (try? partial.isNamed(partialName, in: parent)) == true else { return }
        try? Self.clear(partial)
        try? parent.removeTree(partialName)
    }
}
