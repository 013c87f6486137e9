import ArgumentParser
import BundleFormat
import Console
import OCI
import StrictJSON

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Audit a bundle: its signatures, every file, every frame, every layer.",
        discussion:
            "Reports every fault, with the images that it affects. Exit: 0 whole, 3 not trusted, 4 damaged, 5 incomplete."
    )

    @Argument(help: "The bundle.")
    var directory: String

    @Flag(help: "Check every stored byte, but not what it decompresses to.")
    var quick = false

    @Flag(help: "Print the report as JSON.")
    var json = false

    @OptionGroup var trust: TrustOptions
    @OptionGroup var work: WorkOptions

    func run() async throws {
        try await ExitStatus.reporting {
            let meter = ProgressMeter(isWanted: !work.noProgress)
            let verifier = Verifier(
                path: directory, trust: try trust.policy(), depth: quick ? .quick : .full, jobs: work.jobs)
            let report = try await verifier.run { done, total in meter.advance(done, of: total, phase: "verify") }
            meter.finish()
            if json { try Terminal.data(JSONWriter.readable(report.json)) } else { try show(report) }
            if !report.faults.isEmpty { throw ExitCode(ExitStatus.damaged.rawValue) }
            if !report.elsewhere.isEmpty { throw ExitCode(ExitStatus.notFound.rawValue) }
        }
    }

    private func show(_ report: VerificationReport) throws {
        let statement = report.statement
        try Terminal.data(
            "\(directory): \(statement.product) \(statement.channel) \(statement.version), \(statement.created)")
        for signer in report.signers { try Terminal.data("signed by \(signer.hex)") }
        for fault in report.faults { try Terminal.data("FAULT \(fault)") }
        for (pack, place) in report.elsewhere.sorted(by: { $0.key < $1.key }) {
            switch place {
            case .volume(let number): try Terminal.data("pack \(pack) is on volume \(number)")
            case .bundle(let digest):
                try Terminal.data("pack \(pack) is in the required bundle with statement \(digest.hex)")
            case .here: break
            }
        }
        let scope =
            "\(Text.count(report.imageCount, "image")), \(Text.count(report.layerCount, "layer")), "
            + "\(Text.bytes(report.bytesRead)) read"
        if !report.faults.isEmpty {
            try Terminal.data("DAMAGED: \(Text.count(report.faults.count, "fault")); \(scope)")
        } else if !report.elsewhere.isEmpty {
            try Terminal.data(
                "INCOMPLETE: what is here is whole, \(Text.count(report.elsewhere.count, "pack")) elsewhere; \(scope)")
        } else {
            let depth =
                report.depth == .full ? "every layer comes back" : "every stored byte is the one that was signed"
            try Terminal.data("OK: \(depth); \(scope)")
        }
    }
}
