import Engines

/// The engine that gets the images, and where it is.
public enum LoadTarget: Sendable, Hashable, CustomStringConvertible {
    /// The engine that this host runs; the namespace is for containerd.
    case automatic(namespace: String)
    /// Containerd at a socket, or where it is found.
    case containerd(socket: String?, namespace: String)
    /// The docker daemon that listens on a unix socket.
    case docker(socket: String)
    /// Podman at a socket, or where it is found.
    case podman(socket: String?)
    /// The storage of a distribution registry.
    case registryDirectory(String)

    /// The words of configurations and options.
    public enum Kind: String, Sendable, CaseIterable {
        /// Whatever is found.
        case auto
        /// Containerd, also that of k3s and RKE2.
        case containerd
        /// Docker, with either store.
        case docker
        /// Podman.
        case podman
        /// A registry's directory.
        case registryDirectory = "registry-dir"
    }

    /// Where docker listens unless told otherwise.
    public static let defaultSocket = "/run/docker.sock"

    /// A target by its kind; nil when that needs a path and has none.
    public init?(_ kind: Kind, path: String?, namespace: String?) {
        let namespace = namespace ?? ContainerdPlace.defaultNamespace
        switch kind {
        case .auto: self = .automatic(namespace: namespace)
        case .containerd: self = .containerd(socket: path, namespace: namespace)
        case .docker: self = .docker(socket: path ?? Self.defaultSocket)
        case .podman: self = .podman(socket: path)
        case .registryDirectory:
            guard let path else { return nil }
            self = .registryDirectory(path)
        }
    }

    /// Whether containerd takes this as the name of a namespace.
    ///
    /// Spec: containerd's identifiers: 1 to 76 letters and digits, joined by one of `.`, `_` and `-`.
    public static func isNamespace(_ text: String) -> Bool {
        let parts = text.utf8.split(omittingEmptySubsequences: false) { "._-".utf8.contains($0) }
        return 1...76 ~= text.utf8.count
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { byte in
                        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                            || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                    }
            }
    }

    /// For people: `containerd, namespace k8s.io`.
    public var description: String {
        switch self {
        case .automatic(let namespace): "auto; in containerd the namespace \(namespace)"
        case .containerd(let socket, let namespace):
            "containerd\(socket.map { " at " + $0 } ?? ""), namespace \(namespace)"
        case .docker(let socket): "docker at \(socket)"
        case .podman(let socket): "podman\(socket.map { " at " + $0 } ?? "")"
        case .registryDirectory(let path): "registry directory \(path)"
        }
    }
}
