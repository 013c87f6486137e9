import ArgumentParser
import BundleDelivery
import BundleLoader
import Console

struct StickCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usb", abstract: "Copy a bundle to a mounted stick, and read back what was written.",
        discussion: """
            Whatever its file system. A copy that was cut off is completed by the same command; until then the stick holds \
            no bundle. Exit: 0 done, 3 not trusted, 4 the stick or the bundle is damaged, 6 not enough space.
            """)

    @Argument(help: "The bundle.")
    var directory: String

    @OptionGroup var trust: TrustOptions

    @Option(help: ArgumentHelp("Where the stick is mounted.", valueName: "mountpoint"))
    var output: String

    @Option(help: ArgumentHelp("The folder for the bundle; by default the root.", valueName: "name"))
    var folder: String?

    @Flag(help: "Show no progress.")
    var noProgress = false

    func run() async throws {
        try await ExitStatus.reporting {
            let meter = ProgressMeter(isWanted: !noProgress)
            let bundle = try OpenedBundle(path: directory, trust: try trust.store(), listener: meter.listener)
            let writer = StickWriter(path: directory, bundle: bundle, listener: meter.listener)
            let summary = try writer.write(to: output, folder: folder)
            meter.finish()
            let place = folder.map { "\(output)/\($0)" } ?? output
            try Terminal.data(
                "OK: \(Text.bytes(summary.written)) written, \(Text.bytes(summary.kept)) there already, "
                    + "all read back; \(place) may be unmounted")
        }
    }
}
