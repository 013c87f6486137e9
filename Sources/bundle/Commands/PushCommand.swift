public import ArgumentParser
public import BundleDelivery
public import BundleFormat
import BundleLoader
import Console
import Foundation
import OCI
import Registry
import StrictJSON

struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Put a bundle's images into a registry, with their digests.",
        discussion: """
            Verifies the signature, asks the registry what it has, mounts or uploads only the blobs that it lacks, then \
            manifests, and tags last. Running it again after a failure continues. \
            Exit: 0 done, 3 not trusted, 4 damaged, 5 not found, 7 a tag points elsewhere or an index is incomplete, \
            8 the registry, the network or the credentials failed.
            """)

    @Argument(help: "The bundle.")
    var directory: String

    @OptionGroup var trust: TrustOptions

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("Where images go; their own registry's host is left out.", valueName: "registry[/prefix]"))
    var destination: String

    @Option(
        name: .customLong("rename"),
        help: ArgumentHelp("Another path for a repository; repeatable.", valueName: "old=new"))
    var renames: [String] = []

    @Option(help: "Where a tag points elsewhere: move, keep or fail; as each image says by default.")
    var tags: BundleImage.TagPolicy?

    @Option(help: "An index whose platforms are not all here: keep it, push the one platform, or refuse.")
    var sparse = PushOptions.Sparse.keep

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var registries: RegistryOptions

    @Flag(help: "Show what would be pushed, and stop.")
    var dryRun = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var work: WorkOptions

    func run() async throws {
        try await ExitStatus.reporting {
            let destination = try PushDestination(parsing: destination, renames: try renamedPaths())
            let images = try selection.references()
            let meter = ProgressMeter(isWanted: !work.noProgress)
            let bundle = try OpenedBundle(path: directory, trust: try trust.store(), listener: meter.listener)
            var options = PushOptions(destination)
            options.tags = tags
            options.sparse = sparse
            options.jobs = max(4, work.jobs)
            let client = RegistryClient(
                access: [destination.registry: try registries.access()],
                environment: ProcessInfo.processInfo.environment)
            do {
                let pusher = Pusher(bundle, client: client, options: options, listener: meter.listener)
                let plan = try await pusher.plan(groups: selection.groupNames, images: images)
                let mounted = dryRun ? 0 : try await pusher.push(plan)
                meter.finish()
                try show(plan, mounted: mounted)
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    private func renamedPaths() throws -> [String: String] {
        var paths: [String: String] = [:]
        for rename in renames {
            let parts = rename.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw UsageError("--rename '\(rename)' is not OLD=NEW, as acme/web=shop/front")
            }
            guard paths.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw UsageError("--rename gives \(parts[0]) two new paths")
            }
        }
        return paths
    }

    private func show(_ plan: PushPlan, mounted: Int64) throws {
        let names = plan.names
        let sent = plan.bytesToSend
        guard !json else {
            let images = names.map { name in
                JSONValue.object([
                    "image": .string(name.image), "name": .string(name.name.description),
                    "digest": .string(name.digest.description), "result": .string(word(name.result)),
                ])
            }
            return try Terminal.data(
                JSONWriter.readable(
                    .object(["names": .array(images), "sent": .integer(sent), "mounted": .integer(mounted)])))
        }
        for name in names { try Terminal.data("\(word(name.result))  \(name.name)  \(name.digest)") }
        guard !dryRun else { return try Terminal.data("\(Text.bytes(sent)) would be sent") }
        try Terminal.data(
            "OK: \(Text.count(names.count, "name")), \(Text.bytes(sent)) sent, \(Text.bytes(mounted)) mounted")
    }

    private func word(_ result: PushedName.Result) -> String {
        dryRun && result == .pushed ? "missing" : result.rawValue
    }
}

extension BundleImage.TagPolicy: ExpressibleByArgument {}
extension PushOptions.Sparse: ExpressibleByArgument {}
