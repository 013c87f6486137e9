import ArgumentParser
import BundleLoader
import Console
import Engines
import Foundation
import OCI
import StrictJSON

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove from a target the images of older bundles that no current bundle names.",
        discussion: """
            Shows what goes and what stays and why, and asks. Only images that loads brought go, never one that a container \
            uses, that somebody else named too, or that the bundle of another product needs. \
            Exit: 0 done, 3 not trusted, 4 damaged, 5 nothing tells what was loaded, 7 the target refused or an image is in \
            use, 64 nobody to ask.
            """)

    @Argument(help: ArgumentHelp("The current bundle of each product and channel.", valueName: "current"))
    var current: [String]

    @OptionGroup var trust: TrustOptions
    @OptionGroup var target: TargetOptions

    @Option(
        help: ArgumentHelp(
            "An older bundle that was loaded here, where the state is lost; repeatable.", valueName: "directory"))
    var old: [String] = []

    @Flag(help: "Show what would be removed, and stop.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Print the result as JSON; with --dry-run or --yes.")
    var json = false

    @Flag(help: "Show no progress.")
    var noProgress = false

    func run() async throws {
        try await ExitStatus.reporting {
            let options = try options()
            let meter = ProgressMeter(isWanted: !noProgress)
            let pruning = try await Pruning(options, listener: meter.listener)
            for note in pruning.notes { Terminal.error("note: \(note)") }
            if !json { try show(pruning.steps, isDone: false) }
            guard !dryRun else { return json ? try print(pruning.steps, of: pruning) : () }
            if pruning.steps.contains(where: \.isRemoval), !yes {
                guard try ask() else { return try Terminal.data("nothing was removed") }
            }
            let (results, failure) = try await pruning.run()
            meter.finish()
            if json { try print(results, of: pruning) } else { try show(results, isDone: true) }
            if let failure { throw failure }
        }
    }

    private func options() throws -> PruneOptions {
        guard !json || dryRun || yes else { throw UsageError("--json asks nobody: give --dry-run or --yes") }
        guard !dryRun || !yes else { throw UsageError("--dry-run removes nothing: drop --yes") }
        var options = PruneOptions(
            current: current, trust: try trust.store(), target: try target.loadTarget(),
            statePath: try target.statePath())
        options.old = old
        options.wait = try target.patience()
        return options
    }

    private func ask() throws -> Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw UsageError("there is no terminal to ask at: run the command again with --yes to remove what is shown")
        }
        Terminal.raw("Remove these? [y/N] ")
        let answer = readLine()?.lowercased()
        return answer == "y" || answer == "yes"
    }

    private func show(_ steps: [PruneStep], isDone: Bool) throws {
        for step in steps {
            let title = "\(step.image.reference)  \(step.image.id)"
            let names = step.names.isEmpty ? "" : "  " + step.names.joined(separator: ", ")
            switch step.result {
            case .remove:
                let size = step.bytes.map { "  \(Text.bytes($0))" } ?? ""
                try Terminal.data("\(isDone ? "removed" : "remove ")  \(title)\(size)\(names)")
            case .unname:
                try Terminal.data("\(isDone ? "unnamed" : "unname ")  \(title)\(names)  (\(step.reason ?? ""))")
            case .inUse: try Terminal.data("in use   \(title)  (\(step.reason ?? ""))")
            case .keep where !isDone: try Terminal.data("keep     \(title)  (\(step.reason ?? ""))")
            case .keep, .absent: break
            }
        }
        let gone = steps.filter { $0.result == .remove }
        let bytes = gone.contains { $0.bytes != nil } ? ", at least \(Text.bytes(Self.bytes(steps))) free" : ""
        if steps.contains(where: \.isRemoval) {
            try Terminal.data("\(isDone ? "OK:" : "plan:") \(Text.count(gone.count, "image")) removed\(bytes)")
        } else if !isDone {
            try Terminal.data("OK: nothing to remove")
        }
    }

    private static func bytes(_ steps: [PruneStep]) -> Int64 {
        steps.reduce(0) { $0 + ($1.result == .remove ? $1.bytes ?? 0 : 0) }
    }

    private func print(_ steps: [PruneStep], of pruning: Pruning) throws {
        let images = steps.map { step in
            JSONValue.object([
                "reference": .string(step.image.reference), "id": .string(step.image.id.description),
                "result": .string(step.result.rawValue), "names": .strings(step.names),
                "reason": step.reason.map(JSONValue.string), "bytes": step.bytes.map(JSONValue.integer),
            ])
        }
        try Terminal.data(
            JSONWriter.readable(
                .object([
                    "target": .string(pruning.target), "dryRun": .bool(dryRun),
                    "bytes": .integer(Self.bytes(steps)), "images": .array(images),
                ])))
    }
}
