public import ArgumentParser
public import BundleDelivery
import BundleLoader
import BundleSpec
import Console
import Foundation
import OCI

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a bundle's images as archives or a layout that other programs take.",
        discussion: """
            Verifies the signature, and gives the output its name when it is whole and durable; the same images are the \
            same bytes. docker-archive and k3s hold one platform, oci-archive and oci-layout hold everything. \
            Exit: 0 done, 3 not trusted, 4 damaged, 5 not found, 6 not enough space, 64 the output exists already.
            """)

    @Argument(help: "The bundle.")
    var directory: String

    @OptionGroup var trust: TrustOptions

    @Option(help: "docker-archive, oci-archive, oci-layout or k3s.")
    var format: ExportFormat

    @Option(help: ArgumentHelp("A new file or directory; - is standard output, for archives.", valueName: "path"))
    var output: String

    @Flag(help: "A docker-archive for each image, in a directory.")
    var each = false

    @Option(help: "For docker-archive and k3s, as linux/arm64; Linux on this processor by default.")
    var platform: String?

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var work: WorkOptions

    func run() async throws {
        try await ExitStatus.reporting {
            let options = try options()
            let images = try selection.references()
            let meter = ProgressMeter(isWanted: !work.noProgress)
            let bundle = try OpenedBundle(path: directory, trust: try trust.store(), listener: meter.listener)
            let exporter = Exporter(bundle, options: options, listener: meter.listener)
            let plan = try exporter.plan(groups: selection.groupNames, images: images)
            let leftOut = plan.leftOut.map { "left out  \($0)  an artifact, which \(format.rawValue) cannot hold" }
            guard output != "-" else {
                try await exporter.write(plan) { try Terminal.data(Array($0)) }
                meter.finish()
                return leftOut.forEach { Terminal.error($0) }
            }
            try await exporter.write(plan, to: output)
            meter.finish()
            for line in leftOut { try Terminal.data(line) }
            try Terminal.data(
                "OK: \(Text.count(plan.imageCount, "image")), \(Text.bytes(plan.size)) in \(output)")
        }
    }

    private func options() throws -> ExportOptions {
        guard platform == nil || format.isOfOnePlatform else {
            throw UsageError("--platform is for docker-archive and k3s; \(format.rawValue) holds every platform")
        }
        guard !each || format == .dockerArchive else {
            throw UsageError("--each is for docker-archive; \(format.rawValue) is what it is")
        }
        if output == "-" {
            guard !each, format == .dockerArchive || format == .ociArchive else {
                throw UsageError("--output - is for one archive; name a directory")
            }
            guard isatty(STDOUT_FILENO) == 0 else {
                throw UsageError("--output - would write an archive to the terminal; redirect it, or name a file")
            }
        }
        var options = ExportOptions(format, platform: try platform.map { try Platform(parsing: $0) } ?? .host)
        options.isSplit = each
        options.jobs = work.jobs
        return options
    }
}

extension ExportFormat: ExpressibleByArgument {}
