import DurableFiles

extension DockerEngine {
    public func checkRoom(for plan: LoadPlan) async throws {
        // A daemon elsewhere, as in a virtual machine, keeps its images where we cannot look.
        guard let root = try directory(host.rootDirectory) else { return }
        let largest = plan.batches.map { $0.reduce(0) { $0 + $1.bytesToSend } }.max() ?? 0
        var needed = plan.room
        do throws(FileError) {
            // Where the temporary directory is a volume of its own the archive needs no room beside the layers.
            if let temporary = try? Directory(opening: host.rootDirectory + "/tmp"),
                try temporary.fileSystem != root.fileSystem
            {
                needed.bytes -= largest
                try check(LoadPlan.Room(bytes: largest, inodes: 0), temporary)
            }
            try check(needed, root)
        } catch {
            throw EngineError(error)
        }
    }

    public func sync() throws {
        var synced: Set<UInt64> = []
        // The layers may lie on a volume of their own.
        for path in [host.rootDirectory, host.rootDirectory + "/" + host.driver, host.rootDirectory + "/image"] {
            guard let directory = try directory(path) else { continue }
            do throws(FileError) {
                if synced.insert(try directory.fileSystem).inserted { try directory.syncFileSystem() }
            } catch {
                throw EngineError(error)
            }
        }
        if synced.isEmpty { Directory.syncAllFileSystems() }
    }

    /// A directory of the daemon; nil where it is none of ours.
    private func directory(_ path: String) throws(EngineError) -> Directory? {
        do throws(FileError) { return try Directory(opening: path) } catch {
            guard [.notFound, .permission, .notRegular].contains(error.code) else { throw EngineError(error) }
            return nil
        }
    }

    private func check(_ needed: LoadPlan.Room, _ directory: Directory) throws(FileError) {
        let free = try directory.freeSpace()
        guard needed.bytes > free.bytes || needed.inodes > free.inodes else { return }
        let (what, wanted, found) =
            needed.bytes > free.bytes
            ? ("bytes", needed.bytes, free.bytes) : ("files and directories", needed.inodes, free.inodes)
        throw FileError(
            .noSpace,
            "checking room for docker in \(directory.path): about \(wanted) \(what) are needed and \(found) are free; make room there"
        )
    }
}
