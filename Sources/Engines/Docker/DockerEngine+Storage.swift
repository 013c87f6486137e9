extension DockerEngine {
    /// Compares with what is free where the daemon keeps its images, if that can be seen from here; see `Engine`.
    public func checkRoom(for plan: LoadPlan) async throws {
        // Where the temporary directory is a volume of its own the archive needs no room beside the layers.
        let temporary = host.product == .docker ? host.rootDirectory + "/tmp" : "/var/tmp"
        let volumes = try StorageVolumes([temporary, host.rootDirectory])
        let largest = plan.batches.map { $0.reduce(0) { $0 + $1.bytesToSend } }.max() ?? 0
        try volumes.check(for: kind, plan, sent: largest)
    }

    /// Syncs the volumes of the daemon's images, or all where they cannot be seen from here; see `Engine`.
    public func sync() throws {
        // The layers may lie on a volume of their own.
        try StorageVolumes([host.rootDirectory, host.rootDirectory + "/" + host.driver, host.rootDirectory + "/image"])
            .sync()
    }
}
