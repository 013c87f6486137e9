import ArgumentParser
import BundleDelivery
import BundleLoader
import Console

struct DiscCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iso", abstract: "Write a bundle as a disc image, alone or into an image that boots.",
        discussion: """
            ISO 9660 with Rock Ridge and Joliet, the same bytes for the same bundle; read back and compared with what was \
            signed before it gets its name. The program xorriso is needed for --inject. \
            Exit: 0 done, 3 not trusted, 4 damaged, 6 not enough space, 64 the output exists already.
            """)

    @Argument(help: "The bundle.")
    var directory: String

    @OptionGroup var trust: TrustOptions

    @Option(help: ArgumentHelp("A new file.", valueName: "file.iso"))
    var output: String

    @Option(help: ArgumentHelp("The label, 1 to 32 of A-Z, 0-9 and _; BUNDLE, or that of the base.", valueName: "id"))
    var volumeID: String?

    @Option(help: ArgumentHelp("The folder for the bundle; the root, or with --inject 'bundle'.", valueName: "name"))
    var folder: String?

    @Option(help: ArgumentHelp("An image that boots, of which a copy gets the bundle.", valueName: "base.iso"))
    var inject: String?

    @Option(help: ArgumentHelp("With --inject: what lands on targets, for /bundle-firstboot.", valueName: "dir"))
    var firstboot: String?

    @Option(help: ArgumentHelp("With --inject: a profile, whose 'medium' is put over the base.", valueName: "dir"))
    var profile: String?

    @Flag(help: "Show no progress.")
    var noProgress = false

    func run() async throws {
        try await ExitStatus.reporting {
            var options = DiscOptions()
            options.label = volumeID
            options.folder = folder
            if let inject {
                options.base = DiscOptions.Base(path: inject, firstboot: firstboot, profile: profile)
            } else if firstboot != nil || profile != nil {
                throw UsageError("--firstboot and --profile are for --inject; name the image that boots")
            }
            let meter = ProgressMeter(isWanted: !noProgress)
            let bundle = try OpenedBundle(path: directory, trust: try trust.store(), listener: meter.listener)
            let writer = DiscWriter(path: directory, bundle: bundle, options: options, listener: meter.listener)
            let summary = try writer.write(to: output)
            meter.finish()
            if !summary.hasChecksum {
                Terminal.error("bundle: this OpenSSL has no MD5, so checkisomd5 cannot test discs of this image")
            }
            try Terminal.data("OK: \(Text.bytes(summary.size)) in \(output), read back and compared")
        }
    }
}
