import Foundation
import TestSupport

/// A file system in an image, mounted as a stick is; by the kernel, or by FUSE where the kernel lacks the driver.
final class StickVolume: Sendable {
    enum Kind: String, CaseIterable {
        case ext4
        case vfat
        case exfat

        /// Whether tests may mount it here.
        var isAvailable: Bool {
            guard Toolbox.canMount, Toolbox.has("losetup", "mkfs.\(rawValue)") else { return false }
            return switch self {
            case .ext4: true
            case .vfat: Toolbox.has("fusefat")
            case .exfat: Toolbox.has("mount.exfat-fuse")
            }
        }
    }

    /// Where it is mounted.
    let path: String
    private let directory: TemporaryDirectory
    private let device: String

    init(_ kind: Kind, size: String = "24M") async throws {
        directory = try TemporaryDirectory()
        path = try directory.makeDirectory("stick")
        try await Command("truncate", ["--size", size, directory.path("image")]).check()
        try await Command("mkfs.\(kind.rawValue)", [directory.path("image")]).check()
        device = try await Command.text("losetup", "--find", "--show", directory.path("image"))
        let mounted = try await Command("mount", ["-t", kind.rawValue, device, path]).run()
        guard mounted.status != .exited(0) else { return }
        switch kind {
        case .ext4: throw CommandError(.failed, mounted.errorText)
        case .vfat: try await Command("fusefat", ["-o", "rw+", device, path]).check()
        case .exfat: try await Command("mount.exfat-fuse", [device, path]).check()
        }
    }

    deinit {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "umount --lazy '\(path)'; losetup --detach '\(device)'"]
        try? process.run()
        process.waitUntilExit()
    }

    /// The names in a folder, without what file systems have of their own.
    func names(_ folder: String = "") throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder)).subtracting(["lost+found"])
    }
}
