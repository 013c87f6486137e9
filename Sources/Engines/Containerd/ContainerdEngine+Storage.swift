extension ContainerdEngine {
    /// Compares with what is free where blobs lie, and where images are unpacked, if that can be seen; see `Engine`.
    public func checkRoom(for plan: LoadPlan) async throws {
        try StorageVolumes(host.directories).check(for: kind, plan, sent: plan.bytesToSend)
    }

    /// Syncs the volumes of blobs and of what is unpacked, or all where they cannot be seen from here; see `Engine`.
    public func sync() throws { try StorageVolumes(host.directories).sync() }
}
