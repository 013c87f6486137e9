import Foundation
import TestSupport

/// A loop device on an image in a directory of its own, and a state directory beside it.
final class LoopDevice: Sendable {
    let directory: TemporaryDirectory
    let path: String
    /// One that no other test and no device of this machine has.
    let label: String

    var name: String { URL(fileURLWithPath: path).lastPathComponent }
    var state: String { directory.path("state") }

    /// Whether tests may make devices and mount them.
    static let isAvailable: Bool = {
        guard geteuid() == 0 || Toolbox.requiresTools else {
            FileHandle.standardError.write(Data("\n*** tests of media are SKIPPED; they must run as root\n\n".utf8))
            return false
        }
        return Toolbox.has("addpart", "losetup", "mkfs.ext4", "mkfs.vfat", "mount", "umount", "xorriso")
    }()

    /// Makes the image with a command line of the shell, in which `$LABEL` stands for the label.
    init(_ line: String = "mkfs.ext4 -q -L $LABEL -d tree image 16M", label: String? = nil) async throws {
        let label = label ?? "T" + String(UInt64.random(in: 1 << 40...1 << 45), radix: 36).uppercased()
        self.label = label
        let directory = try TemporaryDirectory()
        self.directory = directory
        try directory.makeDirectory("state")
        try directory.makeDirectory("tree/folder")
        try directory.write("#!/bin/sh\n", to: "tree/folder/file")
        try FileManager.default.createSymbolicLink(atPath: directory.path("tree/link"), withDestinationPath: "/etc")
        try await Command(
            "sh", ["-c", line], environment: ["LABEL": label], workingDirectory: directory.path
        ).check()
        path = try await Command.text("losetup", "--find", "--show", "--partscan", directory.path("image"))
    }

    deinit {
        // Freed by the kernel when nothing uses it any more.
        _ = try? Self.shell("umount -q '\(state)/medium'; delpart '\(path)' 1 2>&-; losetup --detach '\(path)'")
    }

    /// Runs a line of the shell, blocking; gives its exit status.
    static func shell(_ line: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
