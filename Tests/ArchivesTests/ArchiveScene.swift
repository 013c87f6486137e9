import Archives
import DurableFiles
import TestSupport

/// A folder of files that real programs put into archives, and what our reader finds in these.
struct ArchiveScene {
    let directory: TemporaryDirectory
    let contents: [String: [UInt8]]

    /// A name that the C locale cannot say.
    static let foreignName = "Grüße-日本.txt"

    init() throws {
        directory = try TemporaryDirectory()
        var random = DeterministicRandom(seed: 11)
        try directory.makeDirectory("root/folder/deeper")
        var contents = [
            "a": random.bytes(1), "block": random.bytes(512), "empty": [], "folder/text": random.text(3000),
            "folder/deeper/large": random.bytes(1_500_000), Self.foreignName: random.bytes(700),
        ]
        contents[String(repeating: "n", count: 120)] = random.bytes(33)
        for (name, bytes) in contents { try directory.write(bytes, to: "root/" + name) }
        self.contents = contents
    }

    /// The result of tar with these arguments, of everything in the folder, as a file.
    func tar(_ arguments: String..., to name: String = "made.tar") async throws -> String {
        let path = directory.path(name)
        try await Command("tar", ["--sort=name", "-C", directory.path("root"), "-cf", path] + arguments + ["."]).check()
        return path
    }

    func open(_ path: String) throws -> ReadableFile {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return try Directory(opening: String(path[..<slash])).openFile(String(path[path.index(after: slash)...]))
    }

    /// Everything in an archive: names and the bytes of files, of which those that `skipping` names are not read.
    func read(
        _ path: String, skipping: (String) -> Bool = { _ in false }
    ) throws -> [String: [UInt8]] {
        var reader = try ArchiveReader(open(path))
        return try Self.read(&reader, skipping: skipping)
    }

    static func read(
        _ reader: inout ArchiveReader, skipping: (String) -> Bool = { _ in false }
    ) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        while let entry = try reader.next() {
            guard entry.kind == .file else { continue }
            let name = try entry.name()
            if skipping(name) { continue }
            found[name] = try reader.bytes(limit: 2_000_000)
        }
        return found
    }
}
