import Engines
import Glibc

/// Finds the engine that a host runs, and says why it is that one.
///
/// Spec: docs/loading.md section 5.6.
struct EngineSearch {
    /// What all paths are relative to.
    private let root: String

    init(root: String = "") { self.root = root }

    /// What `auto` stands for here; any other target stands for itself.
    ///
    /// - Throws: `EngineError` with code `unreachable` when no engine is there.
    func target(_ target: LoadTarget) throws(EngineError) -> LoadTarget { try find(target).target }

    /// The same with the reason; nil where nothing had to be found.
    func find(_ target: LoadTarget) throws(EngineError) -> (target: LoadTarget, reason: String?) {
        guard case .automatic(let namespace) = target else { return (target, nil) }
        let place = ContainerdPlace.find(root: root)
        if let place, place.name != "containerd" {
            return (.containerd(socket: place.socket, namespace: namespace), "\(place.name) is installed")
        }
        if let place, let sign = first(Self.kubeletSigns) {
            return (.containerd(socket: place.socket, namespace: namespace), "kubelet is set up here (\(sign))")
        }
        if let sign = first(Self.dockerSigns) {
            return (.docker(socket: root + LoadTarget.defaultSocket), "docker is here (\(sign))")
        }
        if let sign = first(Self.podmanSigns) { return (.podman(socket: nil), "podman is here (\(sign))") }
        if let place {
            return (.containerd(socket: place.socket, namespace: namespace), "containerd is here, and nothing above it")
        }
        let looked = Self.dockerSigns + Self.podmanSigns
        throw EngineError(
            .unreachable,
            "looking for an engine: there is none of \(looked.joined(separator: ", ")), \(ContainerdPlace.placesText); "
                + "install one, or name the target")
    }

    private static let kubeletSigns = ["/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/config.yaml"]
    private static let dockerSigns = [
        LoadTarget.defaultSocket, "/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd",
        "/usr/local/sbin/dockerd",
    ]
    private static let podmanSigns = [DockerEngine.podmanSocket] + DockerEngine.podmanPaths

    /// The first of these paths that is there.
    private func first(_ paths: [String]) -> String? { paths.first { unsafe access(root + $0, F_OK) == 0 } }
}
