extension ContainerdEngine {
    /// Compares with what is free where blobs lie, and where images are unpacked, if that can be seen; see `Engine`.
    public func checkRoom(for plan: LoadPlan) async throws {
        let blobs = plan.steps.reduce(0) { $0 + $1.bytesToSend }
        try StorageVolumes(host.directories).check(
            for: kind,
            first: LoadPlan.Room(bytes: blobs, inodes: 0),
            rest: LoadPlan.Room(bytes: plan.room.bytes - blobs, inodes: plan.room.inodes))
    }

    /// Syncs the volumes of blobs and of what is unpacked, or all where they cannot be seen from here; see `Engine`.
    public func sync() throws { try StorageVolumes(host.directories).sync() }
}
