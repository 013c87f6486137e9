import ArgumentParser
import BundleFormat
import BundleLoader
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

    @OptionGroup var target: TargetOptions
    @OptionGroup var selection: SelectionOptions

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
        var options = LoadOptions(
            source: .directory(directory), trust: try trust.store(), target: try target.loadTarget(),
            statePath: try target.statePath())
        options.groups = selection.groupNames
        options.images = try selection.references()
        options.wait = try target.patience()
        options.jobs = work.jobs
        options.isDryRun = dryRun
        return options
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
