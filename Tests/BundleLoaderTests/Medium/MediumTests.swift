import DurableFiles
import Foundation
import TestSupport
import Testing

@testable import BundleLoader

/// Media on real devices, mounted by the kernel.
@Suite(.serialized, .enabled(if: LoopDevice.isAvailable)) struct MediumTests {
    private func open(
        _ device: LoopDevice, label: String? = nil, folder: String? = nil, devices: BlockDevices = BlockDevices()
    ) throws -> Medium {
        try Medium(
            label: label ?? device.label, folder: folder, state: Directory(opening: device.state), until: .now,
            devices: devices, waiting: {})
    }

    /// The options of a mount, `ro` first; nil where nothing is mounted.
    private func options(_ path: String) throws -> [Substring]? {
        let table = try KernelText.read("/proc/self/mountinfo")
        let line = table.split(separator: "\n").last { $0.contains(" \(path) ") }
        return line?.split(separator: " ")[5].split(separator: ",")
    }

    private func hasMountPoint(_ device: LoopDevice) -> Bool { access(device.state + "/medium", F_OK) == 0 }

    @Test func mountsByLabelAndReleases() async throws {
        let device = try await LoopDevice()
        let medium = try open(device, label: device.label.lowercased())
        #expect(medium.path == device.state + "/medium")
        #expect(medium.description == "'\(device.path)' (ext4)")
        #expect(Set(try #require(try options(medium.path))).isSuperset(of: ["ro", "nosuid", "nodev", "noexec"]))
        #expect(try String(contentsOfFile: medium.path + "/folder/file", encoding: .utf8) == "#!/bin/sh\n")
        try medium.close()
        #expect(try options(medium.path) == nil)
        #expect(!hasMountPoint(device))
        try medium.close()
    }

    @Test func releasesWithItsObjectAndWithFilesOpen() async throws {
        let device = try await LoopDevice()
        do {
            let medium = try open(device)
            #expect(hasMountPoint(device))
            let file = try Directory(opening: medium.path).openFile("folder/file")
            try medium.close()
            #expect(!hasMountPoint(device))
            #expect(try file.read(at: 0, count: 2) == Array("#!".utf8))
        }
        do { _ = try open(device) }
        #expect(!hasMountPoint(device))
    }

    @Test func findsAFolderAndFollowsNoLinkOfTheMedium() async throws {
        let device = try await LoopDevice()
        do {
            let medium = try open(device, folder: "folder")
            #expect(medium.path == device.state + "/medium/folder")
        }
        for folder in ["absent", "link", "folder/file"] {
            #expect(throws: LoadError.self) { try open(device, folder: folder) }
            #expect(!hasMountPoint(device), "\(folder)")
        }
        #expect(throws: LoadError(.notFound, "")) { try open(device, folder: "absent") }
        #expect(throws: LoadError(.files, "")) { try open(device, folder: "link") }
    }

    @Test func usesAMountOfSomebodyElse() async throws {
        let device = try await LoopDevice()
        let point = try device.directory.makeDirectory("a place")
        try await Command("mount", [device.path, point]).check()
        let medium = try open(device, folder: "folder")
        #expect(medium.path == point + "/folder")
        #expect(!hasMountPoint(device))
        try medium.close()
        #expect(access(point + "/folder", F_OK) == 0)
        // Hidden by another mount, it is of no use.
        try await Command("mount", ["-t", "tmpfs", "none", point]).check()
        #expect(throws: LoadError(.files, "")) { try open(device) }
        try await Command("umount", [point]).check()
        try await Command("umount", [point]).check()
    }

    @Test func releasesWhatAKilledLoaderLeft() async throws {
        let device = try await LoopDevice()
        let (state, label) = (device.state, device.label)
        await #expect(processExitsWith: .signal(SIGKILL)) { [state = state as String, label = label as String] in
            let medium = try Medium(
                label: label, folder: nil, state: Directory(opening: state), until: .now, waiting: {})
            kill(getpid(), SIGKILL)
            try medium.close()
        }
        #expect(try options(state + "/medium") != nil)
        // And something above it.
        try await Command("mount", ["-t", "tmpfs", "none", state + "/medium"]).check()
        let medium = try open(device)
        #expect(medium.path == state + "/medium")
        try medium.close()
        #expect(try options(state + "/medium") == nil)
        #expect(!hasMountPoint(device))
        try Medium.releaseLeftover(in: Directory(opening: state))
    }

    @Test func keepsWhatLiesInTheMountPoint() async throws {
        let device = try await LoopDevice()
        try device.directory.makeDirectory("state/medium/mine")
        #expect(throws: LoadError(.files, "")) { try open(device) }
        #expect(hasMountPoint(device))
    }

    @Test func refusesTwoMediaWithTheLabel() async throws {
        let first = try await LoopDevice()
        let second = try await LoopDevice("mkfs.vfat -C -n $LABEL image 4096", label: first.label)
        let error = try #require(throws: LoadError.self) { try open(first) }
        #expect(error.code == .configuration)
        #expect(error.message.contains("'\(first.path)'") && error.message.contains("'\(second.path)'"))
    }

    @Test func waitsUntilTheMediumIsThereAndNamesWhatItSaw() async throws {
        let other = try await LoopDevice()
        let error = try #require(throws: LoadError.self) { try open(other, label: "absent") }
        #expect(error.code == .notFound)
        #expect(error.message.contains("'\(other.label)' on '\(other.path)'"))

        let label = other.label + "L"
        let (image, device) = (other.directory.path("late"), other.directory.path("device"))
        try await Command("mkfs.ext4", ["-q", "-L", label, image, "16M"]).check()
        defer {
            _ = try? LoopDevice.shell("losetup --detach \"$(cat '\(device)')\"")
            // Both files are in its directory.
            withExtendedLifetime(other) {}
        }
        var waited = 0
        let medium = try Medium(
            label: label, folder: nil, state: Directory(opening: other.state), until: .now + .seconds(60)
        ) {
            waited += 1
            guard waited == 2 else { return }
            let status = try? LoopDevice.shell("losetup --find --show '\(image)' >'\(device)'")
            #expect(status == 0)
        }
        #expect(waited == 2)
        try medium.close()
    }

    @Test func findsDevicesWithoutTheKernelsList() async throws {
        let device = try await LoopDevice()
        let devices = BlockDevices(classDirectory: device.directory.path("absent"))
        #expect(try devices.search().labelled.labelled(device.label).map(\.path) == [device.path])
        let medium = try open(device, devices: devices)
        try medium.close()
    }

    @Test func takesAStickWithItsPartitionsForOneMedium() async throws {
        let device = try await LoopDevice(
            "xorriso -as mkisofs -quiet -V $LABEL -R -partition_offset 16 -o image tree")
        // Kernels that read partition tables have made it already.
        _ = try await Command("addpart", [device.path, "1", "64", "128"]).run()
        let search = try BlockDevices().search().labelled
        #expect(search.labelled(device.label).map(\.path) == [device.path])
        #expect(search.filter { $0.name.hasPrefix(device.name + "p") }.count == 1)
    }

    @Test func saysWhatTheKernelSaidOfADamagedMedium() async throws {
        // The label stands in the superblock, and nothing else is well.
        let device = try await LoopDevice(
            "mkfs.ext4 -q -L $LABEL image 16M && dd if=/dev/zero of=image bs=4096 seek=1 count=500 conv=notrunc status=none"
        )
        let error = try #require(throws: LoadError.self) { try open(device) }
        #expect(error.code == .files)
        #expect(error.message.contains("'\(device.path)'") && error.message.contains("ext4: "))
        #expect(!hasMountPoint(device))
    }
}

@Suite struct BlockDeviceNameTests {
    @Test(arguments: [
        ("sdb1", "sdb", true), ("sdb12", "sdb", true), ("mmcblk0p1", "mmcblk0", true), ("nvme0n1p3", "nvme0n1", true),
        ("loop0p1", "loop0", true), ("cciss/c0d0p1", "cciss/c0d0", true), ("sdb", "sdb", false),
        ("sdba1", "sdb", false),
        ("sdb1", "sdba", false), ("loop10", "loop1", false), ("mmcblk0boot0", "mmcblk0", false),
        ("sdbp1", "sdb", false),
        ("mmcblk0p", "mmcblk0", false), ("sdb1", "", false),
    ])
    func tellsPartitions(name: String, disk: String, expected: Bool) {
        #expect([BlockDevices.Labelled].isPartition(name, of: disk) == expected)
    }
}

@Suite struct MountTableTests {
    private let table = MountTable(
        """
        22 1 8:17 / /media/a\\040stick rw,relatime shared:1 - vfat /dev/sdb1 rw
        23 1 8:17 /folder /srv rw,relatime - vfat /dev/sdb1 rw
        24 1 8:1 / / rw - ext4 /dev/sda1 rw
        broken line
        25 1 8:17 / /mnt/b\\134\\011\\999 ro - vfat /dev/sdb1 ro
        """)

    @Test func findsTheRootsOfADevice() {
        #expect(table.points(of: 0x811) == ["/mnt/b\\\t\\999", "/media/a stick"])
        #expect(table.points(of: 0x801) == ["/"])
        #expect(table.points(of: 0x802) == [])
    }

    @Test(arguments: [
        (0x811 as UInt64, "8:17"), (0x10_3F_02, "63:258"), (0x1000_0000_0001, "4096:1"), (0xFFFF_FFFF, "4095:1048575"),
    ])
    func writesNumbers(number: UInt64, expected: String) { #expect(MountTable.text(number) == expected) }

    @Test func readsTheKernelsTable() throws {
        let proc = try Directory(opening: "/proc").fileSystem
        #expect(MountTable.current().points(of: proc).contains("/proc"))
    }
}
