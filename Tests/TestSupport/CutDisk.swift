import Foundation
import Synchronization

/// A disk of one test whose power can be cut; needs root and `mkfs.xfs`.
///
/// It is a file on a volume that can copy files at one instant (XFS with reflinks). Such a copy holds what had reached the
/// block layer by then, and nothing that was still in memory: what a disk holds after its power was cut.
public final class CutDisk: Sendable {
    /// What the disk is formatted with.
    public enum FileSystem: String, CaseIterable, Sendable {
        case ext4
        case xfs
    }

    /// Where it is mounted.
    public let path: String

    private let directory: TemporaryDirectory
    private let fileSystem: FileSystem
    private let count = Mutex(0)

    /// Makes, formats and mounts it: 512 MiB.
    public init(_ fileSystem: FileSystem) async throws {
        directory = try TemporaryDirectory()
        self.fileSystem = fileSystem
        path = try directory.makeDirectory("disk")
        let volume = try directory.makeDirectory("volume")
        try await Self.format("xfs", directory.path("volume.img"), size: "4G", ["-m", "reflink=1"])
        try await Command("mount", ["-o", "loop", directory.path("volume.img"), volume]).check()
        let force = fileSystem == .ext4 ? ["-F"] : []
        try await Self.format(fileSystem.rawValue, volume + "/disk.img", size: "512M", force)
        try await mount("disk.img")
    }

    /// Copies the disk at this instant, whatever works on it, and gives what `boot` takes.
    public func cut() async throws -> String {
        let name = count.withLock { count in
            count += 1
            return "cut-\(count).img"
        }
        let volume = directory.path("volume/")
        try await Command("cp", ["--reflink=always", volume + "disk.img", volume + name]).check()
        return name
    }

    /// Mounts such a copy in the disk's place, as after a boot: its journal is replayed.
    ///
    /// Whatever used the disk must have been killed.
    public func boot(_ cut: String) async throws {
        TemporaryDirectory.unmount(path)
        try await mount(cut)
    }

    private func mount(_ name: String) async throws {
        // The copies all have one UUID, and what was unmounted may be in use for a while yet.
        let options = fileSystem == .xfs ? "loop,nouuid" : "loop"
        try await Command("mount", ["-o", options, directory.path("volume/" + name), path]).check()
    }

    private static func format(_ type: String, _ file: String, size: String, _ options: [String]) async throws {
        try await Command("truncate", ["--size", size, file]).check()
        try await Command("mkfs." + type, ["-q"] + options + [file]).check()
    }
}
