public import ArgumentParser
import BundleFormat
public import BundleLoader
import Console
import DurableFiles
import Foundation
import OCI
import StrictJSON

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put a bundle's images into docker, podman, containerd or a registry's directory.",
        discussion: """
            Verifies the signature, asks the target what it has, sends only what is missing, makes it durable, and confirms it. \
            Exit: 0 done, 3 not trusted, 4 damaged, 5 not found, 6 no space, 7 the target refused or is not there.
            """)

    @Argument(help: "The bundle.")
    var directory: String

    @OptionGroup var trust: TrustOptions

    @Option(help: "What gets the images.")
    var target = LoadTarget.Kind.docker

    @Option(help: ArgumentHelp("The engine's socket; for docker /run/docker.sock by default.", valueName: "socket"))
    var host: String?

    @Option(help: ArgumentHelp("The namespace of containerd; k8s.io by default.", valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("The registry's root directory, for registry-dir.", valueName: "directory"))
    var path: String?

    @OptionGroup var selection: SelectionOptions

    @Option(
        name: .customLong("state"),
        help: ArgumentHelp("What must survive a reboot; /var/lib/bundle for root.", valueName: "directory"))
    var statePath: String?

    @Option(help: ArgumentHelp("How long to wait for the target, or another loader.", valueName: "seconds"))
    var wait = 120

    @Flag(help: "Show what would be loaded, and stop.")
    var dryRun = false

    @Flag(help: "Print the receipt as JSON.")
    var json = false

    @OptionGroup var work: WorkOptions

    func run() async throws {
        try await ExitStatus.reporting {
            let options = try options()
            let meter = ProgressMeter(isWanted: !work.noProgress)
            let receipt = try await Loader(options, listener: meter.listener).run()
            meter.finish()
            if json { try Terminal.data(JSONWriter.readable(receipt.json)) } else { try show(receipt) }
        }
    }

    private func options() throws -> LoadOptions {
        guard 0...86400 ~= wait else { throw UsageError("--wait is 0 to 86400 seconds") }
        var options = LoadOptions(
            source: .directory(directory), trust: try trust.store(), target: try loadTarget(),
            statePath: try statePath ?? Self.defaultStatePath())
        options.groups = selection.groupNames
        options.images = try selection.references()
        options.wait = .seconds(wait)
        options.jobs = work.jobs
        options.isDryRun = dryRun
        return options
    }

    private func loadTarget() throws -> LoadTarget {
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
    private static func defaultStatePath() throws -> String {
        if geteuid() == 0 { return "/var/lib/bundle" }
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/bundle" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw UsageError("there is no HOME to keep the state in; name a directory with --state")
        }
        return home + "/.local/state/bundle"
    }

    private func show(_ receipt: Receipt) throws {
        for image in receipt.images {
            try Terminal.data(
                "\(image.result.rawValue)  \(image.reference)  \(image.id)"
                    + (image.sent > 0 ? "  \(Text.bytes(image.sent)) sent" : ""))
        }
        guard !dryRun else { return }
        try Terminal.data(
            "OK: \(Text.count(receipt.images.count, "image")) in \(receipt.target?.description ?? ""), "
                + "\(Text.bytes(receipt.sent)) sent")
    }
}

extension LoadTarget.Kind: ExpressibleByArgument {}
