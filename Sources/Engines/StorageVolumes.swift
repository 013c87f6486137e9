import DurableFiles

/// The directories where an engine keeps what it is given, as far as they can be seen from here.
///
/// An engine elsewhere, as in a virtual machine, keeps its images where we cannot look.
struct StorageVolumes {
    /// Those that are there, in their order.
    let directories: [Directory]

    init(_ paths: [String]) throws(EngineError) {
        var directories: [Directory] = []
        for path in paths {
            do throws(FileError) { directories.append(try Directory(opening: path)) } catch {
                guard [.notFound, .permission, .notRegular].contains(error.code) else { throw EngineError(error) }
            }
        }
        self.directories = directories
    }

    /// Syncs each volume once, or all of the system where none can be seen.
    func sync() throws(EngineError) {
        guard !directories.isEmpty else { return Directory.syncAllFileSystems() }
        var synced: Set<UInt64> = []
        do throws(FileError) {
            for directory in directories where synced.insert(try directory.fileSystem).inserted {
                try directory.syncFileSystem()
            }
        } catch {
            throw EngineError(error)
        }
    }

    /// Whether the first directory has room for so many bytes of what is sent and the last for the rest of a plan; they may
    /// be on one volume.
    ///
    /// - Throws: `EngineError` with code `noSpace`.
    func check(for engine: String, _ plan: LoadPlan, sent: Int64) throws(EngineError) {
        guard let head = directories.first, let last = directories.last else { return }
        do throws(FileError) {
            var needed = plan.room
            if try head.fileSystem != last.fileSystem {
                try Self.check(engine, LoadPlan.Room(bytes: sent, inodes: 0), head)
                needed.bytes -= sent
            }
            try Self.check(engine, needed, last)
        } catch {
            throw EngineError(error)
        }
    }

    private static func check(_ engine: String, _ needed: LoadPlan.Room, _ directory: Directory) throws(FileError) {
        let free = try directory.freeSpace()
        guard needed.bytes > free.bytes || needed.inodes > free.inodes else { return }
        let (what, wanted, found) =
            needed.bytes > free.bytes
            ? ("bytes", needed.bytes, free.bytes) : ("files and directories", needed.inodes, free.inodes)
        throw FileError(
            .noSpace,
            "checking room for \(engine) in \(directory.path): about \(wanted) \(what) are needed and \(found) are free; "
                + "make room there")
    }
}
