import Foundation
import Testing

@testable import DurableFiles

@Suite struct FileErrorTests {
    @Test(arguments: [
        (number: ENOENT, code: FileError.Code.notFound), (EEXIST, .exists), (ENOTEMPTY, .exists), (ENOSPC, .noSpace),
        (EDQUOT, .noSpace), (ELOOP, .notRegular), (EXDEV, .notRegular), (EISDIR, .notRegular), (ENOTDIR, .notRegular),
        (ENXIO, .notRegular), (EACCES, .permission), (EPERM, .permission), (EROFS, .readOnly), (EFBIG, .overLimit),
        (EBUSY, .busy), (EAGAIN, .busy), (ENAMETOOLONG, .invalidName), (EIO, .io), (EMFILE, .io), (9999, .io),
    ])
    func tellsWhatFailedAndWhy(number: Int32, code: FileError.Code) {
        let error = FileError("open", "/some/path", errno: number)
        #expect(error.code == code)
        #expect(error.message.hasPrefix("cannot open '/some/path': "))
        #expect(error.description == error.message)
    }

    /// A volume of 64 KiB, where the machine lets the test mount one.
    private static let smallVolume: String? = {
        let path = FileManager.default.temporaryDirectory.appending(path: "volume-\(UUID().uuidString)").path
        guard mkdir(path, 0o700) == 0 else { return nil }
        if mount("none", path, "tmpfs", 0, "size=64k") == 0 { return path }
        rmdir(path)
        return nil
    }()

    @Test(.enabled(if: smallVolume != nil, "mounting a small volume needs root"))
    func tellsThatTheVolumeIsFullAndLeavesNothing() throws {
        let path = try #require(Self.smallVolume)
        defer {
            umount2(path, Int32(MNT_DETACH))
            rmdir(path)
        }
        let directory = try Directory(opening: path)
        #expect(try directory.freeSpace().bytes <= 64 * 1024)
        let bytes = [UInt8](repeating: 1, count: 100_000)
        #expect(throws: FileError(.noSpace, "")) { try directory.writeFile("file", bytes) }
        #expect(try directory.entries().isEmpty)
        #expect(mount("none", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "size=64k") == 0)
        #expect(throws: FileError(.readOnly, "")) { try directory.writeFile("file", [1]) }
    }
}
