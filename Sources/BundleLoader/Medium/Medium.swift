public import DurableFiles
import Glibc

/// A medium that was found by its label, and is mounted until `close()` or the end of this object.
///
/// Spec: docs/loading.md section 3.
public final class Medium {
    /// The directory on the medium that was asked for.
    public let path: String
    /// For people: `'/dev/sdb1' (iso9660)`.
    public let description: String
    /// What to release; nil for a mount of somebody else, and after that.
    private var mountPoint: MountPoint?

    /// Finds the medium and mounts it, unless it is mounted already; blocks.
    ///
    /// What a killed loader left is released first.
    ///
    /// - Parameters:
    ///   - label: the label, whose case does not count.
    ///   - folder: a directory on the medium; nil for all of it.
    ///   - state: the state directory, of which the caller holds the lock.
    ///   - deadline: until when to wait for the medium.
    ///   - waiting: is called twice a second while waiting.
    /// - Throws: `LoadError` with code `notFound` without such a medium or folder, `configuration` where two media have the
    ///   label, and `files` when it cannot be mounted.
    public convenience init(
        label: String, folder: String?, state: Directory, until deadline: ContinuousClock.Instant,
        waiting: () -> Void
    ) throws(LoadError) {
        try self.init(
            label: label, folder: folder, state: state, until: deadline, devices: BlockDevices(), waiting: waiting)
    }

    init(
        label: String, folder: String?, state: Directory, until deadline: ContinuousClock.Instant,
        devices: BlockDevices, waiting: () -> Void
    ) throws(LoadError) {
        let mountPoint = MountPoint(in: state)
        try mountPoint.release()
        let device = try Self.find(label, devices, until: deadline, waiting)
        let kinds = device.fileSystems.filter { $0.isLabelled(label) }.map(\.kind)
        if let point = Self.point(of: device) {
            description = "'\(device.path)', mounted at '\(point)'"
            path = try Self.folder(folder, in: point, description)
        } else {
            let driver = try mountPoint.mount(device.path, kinds)
            description = "'\(device.path)' (\(driver))"
            do throws(LoadError) {
                path = try Self.folder(folder, in: mountPoint.path, description)
            } catch {
                // The first error is the one to tell.
                try? mountPoint.release()
                throw error
            }
            self.mountPoint = mountPoint
        }
    }

    deinit { try? close() }

    /// Unmounts what was mounted, also when files of it are still open; the second time it does nothing.
    public func close() throws(LoadError) {
        guard let mountPoint else { return }
        self.mountPoint = nil
        try mountPoint.release()
    }

    /// Releases what a killed loader left in a state directory, of which the caller holds the lock.
    public static func releaseLeftover(in state: Directory) throws(LoadError) { try MountPoint(in: state).release() }

    private static func find(
        _ label: String, _ devices: BlockDevices, until deadline: ContinuousClock.Instant, _ waiting: () -> Void
    ) throws(LoadError) -> BlockDevices.Labelled {
        while true {
            let (labelled, failures) = try devices.search()
            let matching = labelled.labelled(label)
            if matching.count == 1 { return matching[0] }
            guard matching.isEmpty else {
                let paths = matching.map { "'\($0.path)'" }.joined(separator: " and ")
                throw LoadError(
                    .configuration, "cannot choose the medium '\(label)': \(paths) have that label; take one out")
            }
            guard ContinuousClock.now < deadline else { throw absent(label, labelled, failures) }
            waiting()
            usleep(500_000)
        }
    }

    private static func absent(
        _ label: String, _ labelled: [BlockDevices.Labelled], _ failures: [FileError]
    ) -> LoadError {
        let others = labelled.flatMap { device in
            device.fileSystems.map { "'\($0.shownLabel)' on '\(device.path)'" }
        }
        let seen = others.isEmpty ? "no label at all was found" : "these were found: \(others.joined(separator: ", "))"
        let unread = failures.isEmpty ? "" : " (\(failures.map(\.message).joined(separator: "; ")))"
        return LoadError(
            .notFound, "cannot find the medium '\(label)': \(seen)\(unread); insert it, or correct BUNDLE_PATH")
    }

    /// Where the device is mounted and nothing else is mounted above it.
    private static func point(of device: BlockDevices.Labelled) -> String? {
        MountTable.current().points(of: device.number).first { point in
            guard let volume = try? Directory(opening: point).fileSystem else { return false }
            return volume == device.number
        }
    }

    /// A directory on the medium; no link of it leads elsewhere.
    private static func folder(
        _ folder: String?, in root: String, _ description: String
    ) throws(LoadError) -> String {
        guard let folder else { return root }
        do throws(FileError) {
            return try Directory(opening: root).subdirectory(folder).path
        } catch {
            let cause = LoadError(error)
            throw LoadError(cause.code, "on the medium \(description): \(error.message)", cause: error)
        }
    }
}
