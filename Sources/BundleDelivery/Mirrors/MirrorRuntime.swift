/// What pulls images on a client, and has configuration of its own for mirrors.
public enum MirrorRuntime: String, Sendable, CaseIterable {
    /// containerd, with `ctr`, nerdctl and CRI.
    case containerd
    /// docker, for images of docker.io only.
    case docker
    /// podman, buildah, skopeo and CRI-O.
    case podman
    /// k3s, which writes the configuration of its containerd itself.
    case k3s
    /// RKE2, as k3s.
    case rke2

    var configuration: any MirrorConfiguration {
        switch self {
        case .containerd: ContainerdHosts()
        case .docker: DockerMirrors()
        case .podman: PodmanMirrors()
        case .k3s, .rke2: RancherRegistries(folder: "rancher/" + rawValue)
        }
    }
}

/// How one runtime is told of a mirror.
protocol MirrorConfiguration {
    /// What people must know, about upstreams that this runtime does not serve for example.
    ///
    /// - Throws: `DeliveryError` with code `usage` for what it cannot be told.
    func notes(on mirror: Mirror) throws(DeliveryError) -> [String]

    /// The changes after which the mirror, or none, is all that this program wrote; in the order of their making.
    ///
    /// - Throws: `DeliveryError` with code `foreign` where somebody else's part is in the way or cannot be read;
    ///   `FileError`.
    func changes(_ mirror: Mirror?, in tree: ConfigurationTree) throws -> [FileChange]
}
