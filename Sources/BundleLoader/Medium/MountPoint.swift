import DurableFiles
import Glibc

/// The directory `medium` of the state directory, on which a medium is mounted while it is read.
struct MountPoint {
    private static let name = "medium"

    private let state: Directory

    /// The one in a state directory, of which the caller holds the lock.
    init(in state: Directory) { self.state = state }

    /// Where it lies.
    var path: String { state.path + "/" + Self.name }

    /// Mounts a device read-only, and so that nothing on it is run or is a device.
    ///
    /// - Returns: The driver that reads it.
    /// - Throws: `LoadError` with code `files`, and what the kernel said to each driver.
    func mount(_ device: String, _ kinds: [FileSystem.Kind]) throws(LoadError) -> String {
        try release()
        do throws(FileError) { _ = try state.makeSubdirectory(Self.name, mode: 0o700) } catch { throw LoadError(error) }
        let flags = UInt(MS_RDONLY) | UInt(MS_NOSUID) | UInt(MS_NODEV) | UInt(MS_NOEXEC)
        var refusals: [String] = []
        for driver in kinds.flatMap(\.drivers) {
            if unsafe Glibc.mount(device, path, driver.name, flags, driver.options) == 0 { return driver.name }
            refusals.append("\(driver.name): \(Self.advice(errno))")
        }
        _ = unsafe rmdir(path)
        throw LoadError(
            .files,
            "cannot mount the medium '\(device)': \(refusals.joined(separator: ", ")); "
                + "or mount it by other means, and name the directory in BUNDLE_PATH")
    }

    /// Unmounts what is mounted here, also what a killed loader left, and removes the directory; does nothing without it.
    func release() throws(LoadError) {
        do throws(FileError) {
            guard try state.exists(Self.name) else { return }
        } catch {
            // That is what the kernel says of a mount point, which is examined from above.
            guard error.code == .notRegular else { throw LoadError(error) }
        }
        // More than one where the kernel was asked to detach one that is in use. EINVAL: nothing is mounted any more.
        for _ in 0..<64 {
            guard unsafe umount2(path, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) != 0 else { continue }
            guard errno != EINVAL else { break }
            throw Self.failure("unmount the medium at", path)
        }
        guard unsafe rmdir(path) != 0 else { return }
        throw Self.failure("remove the mount point", path)
    }

    private static func failure(_ operation: String, _ path: String) -> LoadError {
        let number = errno
        let advice = number == ENOTEMPTY ? "move away what lies in it" : FileError.systemText(number)
        return LoadError(.files, "cannot \(operation) '\(path)': \(advice)")
    }

    private static func advice(_ number: Int32) -> String {
        switch number {
        case ENODEV: "this kernel has no such driver"
        case EPERM, EACCES: "the loader may not mount; it has to run as root"
        case EBUSY: "it is in use by something else"
        case EINVAL: "no such file system is on it, or it is damaged"
        default: FileError.systemText(number)
        }
    }
}
