import BundleFormat
import DurableFiles

/// The directory that becomes the bundle, and the one beside it where the bundle is made.
///
/// Spec: docs/format.md section 9. Whatever lies at the final name is whole at any moment: nothing, the older bundle, or the
/// new one.
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
        do throws(FileError) {
            parent = try Directory.make(folder)
            partial = try parent.makeSubdirectory(name + ".partial")
        } catch {
            throw BuildError(error, doing: "making the directory \(path).partial")
        }
        do throws(FileError) { try partial.lock() } catch {
            throw BuildError(
                .busy, "another build works in \(path).partial; wait for it, or name another output", cause: error)
        }
        try checkFinal()
    }

    private static func trimmed(_ path: String) -> String {
        var path = Substring(path)
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    private func checkFinal() throws(BuildError) {
        do throws(FileError) {
            guard try parent.exists(name) else { return }
            let old = try parent.subdirectory(name)
            var isReplaceable = try old.exists(BundleLayout.statement)
            if !isReplaceable { isReplaceable = try old.entries().isEmpty }
            guard isReplaceable else {
                throw FileError(.exists, "it is neither empty nor a bundle; name another output, or remove it yourself")
            }
        } catch {
            guard [.exists, .notRegular].contains(error.code) else {
                throw BuildError(error, doing: "looking at the output \(path)")
            }
            throw BuildError(.output, "not touching \(path): \(error.message)", cause: error)
        }
    }

    /// Gives the finished bundle its name; an older one is exchanged in one step and then removed.
    func publish() throws(BuildError) {
        do throws(FileError) {
            if try parent.exists(name) {
                try parent.exchange(partialName, with: name)
                // First what makes it a bundle: what a crash leaves of the older one must not look like one.
                let old = try parent.subdirectory(partialName)
                try old.removeTree(BundleLayout.statement)
                try old.sync()
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
    func discard() { try? parent.removeTree(partialName) }
}
