import Foundation

/// A directory of one test, with a short path; it and all it holds go when the last owner lets go.
public final class TemporaryDirectory: Sendable {
    /// The absolute path, short enough for a unix socket inside.
    public let path: String

    /// Makes a new empty directory, mode 0700, under `TMPDIR` when that is short, else under `/tmp`.
    public init() throws {
        let wished = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
        let parent = wished.hasPrefix("/") && wished.utf8.count <= 40 ? wished : "/tmp"
        // Lower case, because podman takes a path for a repository's name.
        path = parent + "/bundle-" + String(UInt64.random(in: 1 << 36...1 << 40), radix: 36)
        guard mkdir(path, 0o700) == 0 else {
            throw CommandError(.system, "cannot make the directory \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        unmount()
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a name inside.
    public func path(_ name: String) -> String { path + "/" + name }

    /// Makes a directory inside, with its parents, and gives its path.
    @discardableResult
    public func makeDirectory(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
        return path(name)
    }

    /// Writes a file inside and gives its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    /// Writes a text file inside and gives its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

    /// Writes a script inside that can be run, and gives its path.
    ///
    /// By another process: a file that this one writes is open in whatever starts at that moment, and what is open to be
    /// written cannot be run.
    @discardableResult
    public func write(script: String, to name: String) async throws -> String {
        try await Command("install", ["-m", "755", "/dev/stdin", path(name)], input: Array(script.utf8)).check()
        return path(name)
    }

    /// Reads a file inside.
    public func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// Unmounts what engines left mounted inside.
    func unmount() { Self.unmount(path) }

    /// Unmounts a directory and what is mounted beneath it, the deepest first.
    static func unmount(_ path: String) {
        guard let table = try? KernelText.read("/proc/self/mounts") else { return }
        let points = table.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
        for point in points.reversed() where point == path || point.hasPrefix(path + "/") {
            umount2(String(point), Int32(MNT_DETACH))
        }
    }
}
