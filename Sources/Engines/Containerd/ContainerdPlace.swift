import Glibc
import Programs

/// Where a containerd is, and the program that speaks to it.
///
/// Spec: docs/loading.md section 5.5.
public struct ContainerdPlace: Sendable, Hashable {
    /// As `k3s`.
    public let name: String
    /// As `/run/containerd/containerd.sock`.
    public let socket: String
    /// As `/usr/bin/ctr`, with what must stand before its arguments.
    let program: Program

    init(name: String, program: Program, socket: String) {
        self.name = name
        self.program = program
        self.socket = socket
    }

    /// The namespace of kubelet's images.
    public static let defaultNamespace = "k8s.io"

    /// The containerd of a socket, or the first that is found; nil where no program is there.
    ///
    /// - Parameters:
    ///   - socket: Where it listens; nil for the usual place of the program that is found.
    ///   - root: What all places are relative to.
    /// - Returns: The first place of which the program is there.
    public static func find(socket: String? = nil, root: String = "") -> ContainerdPlace? {
        for (name, paths, arguments, usual) in known {
            for path in paths {
                let program = Program(path: root + path, arguments: arguments)
                guard program.isTrusted else { continue }
                return ContainerdPlace(name: name, program: program, socket: socket ?? root + usual)
            }
        }
        return nil
    }

    /// All places that are looked at, for people.
    public static var placesText: String { known.flatMap(\.paths).joined(separator: ", ") }

    private static let known: [(name: String, paths: [String], arguments: [String], socket: String)] = [
        ("RKE2", ["/var/lib/rancher/rke2/bin/ctr"], [], "/run/k3s/containerd/containerd.sock"),
        (
            "k3s", ["/usr/local/bin/k3s", "/usr/bin/k3s", "/opt/bin/k3s"], ["ctr"],
            "/run/k3s/containerd/containerd.sock"
        ),
        (
            "containerd", ["/usr/bin/ctr", "/usr/local/bin/ctr", "/opt/bin/ctr"], [],
            "/run/containerd/containerd.sock"
        ),
    ]
}
