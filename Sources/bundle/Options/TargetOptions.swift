public import ArgumentParser
public import BundleLoader
import Foundation

/// The target of a load, and where its state is kept.
struct TargetOptions: ParsableArguments {
    @Option(help: "What holds the images.")
    var target = LoadTarget.Kind.docker

    @Option(help: ArgumentHelp("The engine's socket; for docker /run/docker.sock by default.", valueName: "socket"))
    var host: String?

    @Option(help: ArgumentHelp("The namespace of containerd; k8s.io by default.", valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("The registry's root directory, for registry-dir.", valueName: "directory"))
    var path: String?

    @Option(
        name: .customLong("state"),
        help: ArgumentHelp("What must survive a reboot; /var/lib/bundle for root.", valueName: "directory"))
    var stateDirectory: String?

    @Option(help: ArgumentHelp("How long to wait for the target, or another loader.", valueName: "seconds"))
    var wait = 120

    /// How long to wait.
    func patience() throws -> Duration {
        guard 0...86400 ~= wait else { throw UsageError("--wait is 0 to 86400 seconds") }
        return .seconds(wait)
    }

    /// The target that the options name.
    func loadTarget() throws -> LoadTarget {
        guard path == nil || target == .registryDirectory else {
            throw UsageError("--path is for --target registry-dir; \(target.rawValue) has --host")
        }
        guard host == nil || target != .registryDirectory else {
            throw UsageError("--host is for engines; registry-dir has --path")
        }
        guard host == nil || target != .auto else { throw UsageError("--target auto finds the socket; drop --host") }
        guard namespace == nil || target == .containerd || target == .auto else {
            throw UsageError("--namespace is for --target containerd and auto; \(target.rawValue) has none")
        }
        guard namespace.map(LoadTarget.isNamespace) ?? true else {
            throw UsageError("--namespace is as k8s.io: letters, digits, '.', '_' and '-'")
        }
        let socket = host.map { $0.hasPrefix("unix://") ? String($0.dropFirst(7)) : $0 }
        guard let target = LoadTarget(target, path: path ?? socket, namespace: namespace) else {
            throw UsageError("--target registry-dir needs --path, the registry's root directory")
        }
        return target
    }

    /// The place of the first boot's loader for root, and one's own for others.
    func statePath() throws -> String {
        if let stateDirectory { return stateDirectory }
        if geteuid() == 0 { return "/var/lib/bundle" }
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/bundle" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw UsageError("there is no HOME to keep the state in; name a directory with --state")
        }
        return home + "/.local/state/bundle"
    }
}

extension LoadTarget.Kind: ExpressibleByArgument {}
