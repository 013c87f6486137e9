import Foundation

/// A volume of one test in memory, as small as the test wants; needs root.
public final class SmallVolume: Sendable {
    /// Where it is mounted.
    public let path: String
    private let directory: TemporaryDirectory

    /// Mounts it with options as `size=12m` or `nr_inodes=30`.
    public init(_ options: String) async throws {
        directory = try TemporaryDirectory()
        path = try directory.makeDirectory("volume")
        try await Command("mount", ["-t", "tmpfs", "-o", "mode=0755," + options, "tmpfs", path]).check()
    }

    /// Makes it larger or smaller.
    public func remount(_ options: String) async throws {
        try await Command("mount", ["-o", "remount," + options, path]).check()
    }

    /// Takes all of its room but so many bytes, at once; calling again takes what was freed meanwhile.
    public func fill(leaving free: Int = 0) {
        // Closed in programs that other tests start at this moment: they would hold the room.
        let file = open(path + "/filler", O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { return }
        defer { close(file) }
        let block = [UInt8](repeating: 1, count: 64 << 10)
        var status = statvfs()
        while statvfs(path, &status) == 0, Int(status.f_bavail * status.f_bsize) > free,
            write(file, block, block.count) > 0
        {}
    }

    /// Gives the room back.
    public func empty() { unlink(path + "/filler") }
}
