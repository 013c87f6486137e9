/// The engine that gets the images, and where it is.
public enum LoadTarget: Sendable, Hashable {
    /// The docker daemon that listens on a unix socket.
    case docker(socket: String)
    /// The storage of a distribution registry.
    case registryDirectory(String)

    /// Where docker listens unless told otherwise.
    public static let defaultSocket = "/run/docker.sock"

    /// As in configurations and receipts.
    public static let kinds = ["docker", "registry-dir"]
}
