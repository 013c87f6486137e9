import DurableFiles
import Foundation
import TestSupport
import Testing

@testable import BundleLoader

/// Labels of file systems that the usual programs made, in image files.
@Suite(.enabled(if: Toolbox.has("mkfs.ext4", "mkfs.vfat", "mkfs.exfat", "mkudffs", "xorriso", "fatlabel")))
struct LabelTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// The file systems that are found in what a command line of the shell makes of a sparse file `image`.
    private func found(_ line: String, size: Int = 64 << 20) async throws -> [FileSystem] {
        try directory.write("", to: "image")
        #expect(truncate(directory.path("image"), size) == 0)
        #expect(try await directory.shell("export LC_ALL=C.UTF-8; " + line), "\(line)")
        return try await contents().fileSystems().found
    }

    private func contents() async throws -> DeviceContents {
        DeviceContents(try Directory(opening: directory.path).openFile("image"))
    }

    @Test(arguments: ["ext2", "ext3", "ext4"]) func readsExt(type: String) async throws {
        #expect(try await found("mkfs.\(type) -q -L Images_1.4 image") == [FileSystem(kind: .ext, label: "Images_1.4")])
        #expect(
            try await found("mkfs.\(type) -q -L 'sixteen bytes =)' image")
                == [FileSystem(kind: .ext, label: "sixteen bytes =)")])
        #expect(try await found("mkfs.\(type) -q image") == [])
    }

    @Test func takesAJournalAloneForNothing() async throws {
        #expect(try await found("mkfs.ext4 -q -O journal_dev -L JOURNAL image") == [])
    }

    @Test(arguments: ["-F 12 -s 128", "-F 16", "-F 32 -s 1", "-F 32 -S 4096 -s 1", "-F 16 -S 2048"])
    func readsFAT(options: String) async throws {
        let expected = [FileSystem(kind: .fat, label: "IMAGES 1")]
        #expect(try await found("mkfs.vfat \(options) -n 'IMAGES 1' image", size: 200 << 20) == expected)
        #expect(try await found("mkfs.vfat \(options) image", size: 200 << 20) == [])
        // Of the root directory, which some systems change alone.
        #expect(
            try await found("mkfs.vfat \(options) -n OLD image && fatlabel image ELEVENCHARS", size: 200 << 20)
                == [FileSystem(kind: .fat, label: "ELEVENCHARS")])
    }

    @Test func takesTheBootSectorsLabelWhereTheRootDirectoryHasNone() async throws {
        // The first entry is the label; a removed one starts with E5.
        let remove = "offset=$(grep -aob OLDLABEL image | tail -n 1 | cut -d: -f1)"
        let line =
            "mkfs.vfat -F 16 -n OLDLABEL image && \(remove) && [ $offset -gt 512 ] && "
            + "printf '\\345' | dd of=image bs=1 seek=$offset conv=notrunc status=none"
        #expect(try await found(line) == [FileSystem(kind: .fat, label: "OLDLABEL")])
    }

    @Test(arguments: ["", "-c 4K", "-c 1M"]) func readsExFAT(options: String) async throws {
        #expect(
            try await found("mkfs.exfat \(options) -L 'Größe 1.4é' image")
                == [FileSystem(kind: .exfat, label: "Größe 1.4é")])
        #expect(try await found("mkfs.exfat \(options) image") == [])
    }

    @Test(arguments: [512, 1024, 2048, 4096]) func readsUDF(blockSize: Int) async throws {
        for media in ["hd", "dvdram"] {
            let line = "mkudffs --media-type=\(media) --blocksize=\(blockSize)"
            #expect(
                try await found("\(line) --label='Images 1.4' image") == [FileSystem(kind: .udf, label: "Images 1.4")])
            #expect(try await found("\(line) --label='Ж中' image") == [FileSystem(kind: .udf, label: "Ж中")])
        }
    }

    @Test func readsISO9660WithJoliet() async throws {
        try directory.makeDirectory("tree")
        let line = "rm image && xorriso -as mkisofs -quiet -o image"
        #expect(
            try await found("\(line) -V IMAGES_14 -R tree") == [FileSystem(kind: .iso9660, label: "IMAGES_14")])
        let both = try await found("\(line) -V 'A label of 32 bytes, twice known' -J -R tree")
        #expect(both.first == FileSystem(kind: .iso9660, label: "A label of 32 bytes, twice known"))
        // Joliet has room for half of it.
        #expect(both.dropFirst() == [FileSystem(kind: .iso9660, label: "A label of 32 by")])
    }

    @Test func findsNothingInRandomAndEmptyContents() async throws {
        #expect(try await found("true", size: 0) == [])
        #expect(try await found("true", size: 1) == [])
        #expect(try await found("true") == [])
        #expect(try await found("head -c 3000000 /dev/urandom >image") == [])
        // As a partition table ends.
        #expect(try await found("printf '\\125\\252' | dd of=image bs=1 seek=510 conv=notrunc status=none") == [])
    }

    /// Cut off, and with bytes of the first blocks changed, nothing crashes, and little is read.
    @Test(arguments: [
        "mkfs.ext4 -q -L X image", "mkfs.vfat -F 12 -n X image", "mkfs.vfat -F 32 -s 1 -n X image",
        "mkfs.exfat -L X image", "mkudffs --label=X image",
        "rm image && mkdir tree && xorriso -as mkisofs -quiet -V X -J -o image tree",
    ])
    func survivesHostileImages(line: String) async throws {
        _ = try await found(line)
        let image = try directory.read("image")
        var random = DeterministicRandom(seed: 9)
        // Where each of the formats keeps what leads to its label.
        let places = [0..<600, 1024..<1200, 32768..<34816, 34816..<36864, 131_072..<131_200, 524_288..<524_400]
        for offset in places.joined() where offset < image.count && random.next() % 3 == 0 {
            var damaged = image[..<min(4 << 20, image.count)]
            damaged[offset] = random.next() % 2 == 0 ? 0xFF : UInt8(truncatingIfNeeded: random.next())
            let length = random.next() % 2 == 0 ? damaged.count : min(damaged.count, offset + 511)
            var bytesRead = 0
            let contents = DeviceContents(size: Int64(length)) { (start, count) throws(FileError) in
                bytesRead += count
                return Array(damaged[Int(start)..<Int(start) + count])
            }
            _ = contents.fileSystems()
            #expect(bytesRead < 400 << 10, "\(offset), \(damaged[offset]), \(length)")
        }
    }

    @Test func reportsWhatCannotBeRead() throws {
        let contents = DeviceContents(size: 1 << 30) { (_, _) throws(FileError) in throw FileError(.io, "broken") }
        #expect(contents.fileSystems().failure == FileError(.io, ""))
        #expect(contents.fileSystems().found.isEmpty)
    }

    @Test func comparesAndShowsLabels() {
        let system = FileSystem(kind: .udf, label: "Bundle\u{202E}\u{7}é")
        #expect(system.isLabelled("bUNDLE\u{202E}\u{7}É"))
        #expect(!system.isLabelled("bundle"))
        #expect(system.shownLabel == "Bundle???")
    }
}
