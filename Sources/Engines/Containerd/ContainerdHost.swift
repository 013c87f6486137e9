import OCI
import Programs

/// A containerd that answers, and what it says of itself.
struct ContainerdHost: Sendable {
    let ctr: Ctr
    /// As `1.6.20`.
    let version: String
    /// What unpacks images, as `overlayfs`.
    let snapshotter: String
    /// What it runs.
    let platform: Platform
    /// Where it keeps blobs and what is unpacked, in its own view of the file system.
    let directories: [String]

    /// The first that works unpacks.
    private static let snapshotters = ["overlayfs", "fuse-overlayfs", "native"]

    init(asking ctr: Ctr, patience: Ctr) throws(EngineError) {
        version = try patience.version()
        self.ctr = ctr
        // TYPE ID PLATFORMS STATUS
        let working = try ctr.plugins().filter { $0.count > 3 && $0[3] == "ok" }
        let unpacking = working.filter { $0[0] == "io.containerd.snapshotter.v1" }
        guard let snapshotter = Self.snapshotters.first(where: { name in unpacking.contains { $0[1] == name } }),
            let platform = unpacking.first(where: { $0[1] == snapshotter }).flatMap({
                try? Platform(parsing: String($0[2].prefix { $0 != "," }))
            })
        else {
            throw EngineError(
                .unsupported,
                "asking containerd at \(ctr.socket) how it unpacks images: none of its snapshotters "
                    + "\(Self.snapshotters.joined(separator: ", ")) works; see 'ctr plugins ls'")
        }
        self.snapshotter = snapshotter
        self.platform = platform
        directories = try ctr.directories(snapshotter: snapshotter)
    }
}
