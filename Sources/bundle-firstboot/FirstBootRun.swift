import BundleFormat
import BundleLoader
import Console
import Cryptography
import Glibc
import OCI

/// One run of the loader: what the options ask for, by what the configuration says.
struct FirstBootRun {
    private let options: CommandLineOptions
    private let environment: [String: String]
    private let notifier: ServiceNotifier
    private let meter = ProgressMeter(isWanted: true)

    init(_ options: CommandLineOptions, environment: [String: String]) {
        self.options = options
        self.environment = environment
        notifier = ServiceNotifier(environment: environment)
    }

    /// Does it, and gives the exit code.
    func run() async -> Int32 {
        Terminal.settleSignals()
        do throws(LoadError) {
            let configuration = try FirstBootConfiguration.read(path: options.configuration, environment: environment)
            switch options.action {
            case .load: try await load(configuration)
            case .checkConfiguration: try check(configuration)
            case .status(let asJSON): try show(StatusReport(statePath: configuration.stateDirectory), asJSON: asJSON)
            case .wait(let marker): try wait(for: marker, configuration)
            case .version, .help: break
            }
            return 0
        } catch {
            meter.finish()
            Terminal.error("bundle-firstboot: \(error.message)")
            notifier.status("failed: \(error.message)")
            return error.exitCode
        }
    }

    private func load(_ configuration: FirstBootConfiguration) async throws(LoadError) {
        guard configuration.loadImage else {
            say("LOAD_IMAGE is false: nothing is loaded; this host pulls its images itself")
            notifier.ready()
            return
        }
        guard let source = configuration.source, let target = configuration.target else { return }
        let markers = try ReadyMarkers(making: configuration.readyDirectory)
        let run = try markers.begin()
        var failure: LoadError?
        do throws(LoadError) { try await load(source, target, configuration) } catch { failure = error }
        // What was wrong first is the one to tell.
        do throws(LoadError) { try markers.end() } catch { failure = failure ?? error }
        withExtendedLifetime(run) {}
        if let failure { throw failure }
        notifier.ready()
    }

    private func load(
        _ source: BundleSource, _ target: LoadTarget, _ configuration: FirstBootConfiguration
    ) async throws(LoadError) {
        let trust = try TrustStore(directory: configuration.trustDirectory)
        var options = LoadOptions(
            source: source, trust: trust, target: target, statePath: configuration.stateDirectory)
        options.groups = configuration.groups
        options.readyPath = configuration.readyDirectory
        options.wait = configuration.wait
        options.jobs = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let receipt = try await Loader(options, listener: listener).run()
        meter.finish()
        say("done: \(Text.count(receipt.images.count, "image")), \(Text.bytes(receipt.sent)) sent")
    }

    private var listener: WorkListener {
        WorkListener(
            phase: { name, bytes in
                meter.start(name, total: bytes)
                notifier.status("\(name): \(Text.bytes(bytes))")
                notifier.alive()
            },
            advance: { bytes in
                meter.advance(bytes)
                notifier.alive()
            },
            note: { sentence in say(sentence) })
    }

    private func say(_ sentence: String) {
        Terminal.error(sentence)
        notifier.status(sentence)
        notifier.alive()
    }

    private func check(_ configuration: FirstBootConfiguration) throws(LoadError) {
        guard configuration.loadImage, let source = configuration.source, let target = configuration.target else {
            Terminal.error("LOAD_IMAGE is false: nothing would be loaded")
            return
        }
        let trust = try TrustStore(directory: configuration.trustDirectory)
        let policy = trust.policy
        let groups = configuration.groups.sorted().joined(separator: ", ")
        Terminal.error("bundle:   \(source)")
        Terminal.error("target:   \(target)")
        Terminal.error("groups:   \(groups.isEmpty ? "none: images without groups" : groups)")
        Terminal.error("trust:    \(policy.threshold) of \(Text.count(trust.keys.keys.count, "key"))")
        for key in trust.keys.keys { Terminal.error("          \(key.id.hex)") }
        for key in trust.revokedKeys { Terminal.error("          \(key.hex), revoked") }
        Terminal.error("product:  \(policy.product ?? "any")")
        let channels = policy.channels.sorted().joined(separator: ", ")
        Terminal.error("channels: \(channels.isEmpty ? "any" : channels)")
        Terminal.error("state:    \(configuration.stateDirectory)")
        Terminal.error("ready:    \(configuration.readyDirectory)")
    }

    private func show(_ report: StatusReport, asJSON: Bool) throws(LoadError) {
        let text = report.lines.map { Terminal.printable($0) + "\n" }.joined()
        let failure = Terminal.write(asJSON ? report.receipt + [0x0A] : Array(text.utf8))
        guard failure != 0 else { return }
        throw LoadError(
            failure == ENOSPC ? .noSpace : .files, "writing to standard output: error \(failure); send it elsewhere")
    }

    private func wait(for text: String, _ configuration: FirstBootConfiguration) throws(LoadError) {
        let marker = try ReadyMarkers.name(parsing: text)
        // This host pulls its images itself: nobody would ever mark them.
        guard configuration.loadImage else { return }
        try ReadyMarkers.wait(
            for: marker, in: configuration.readyDirectory, waiting: configuration.wait, whileWaiting: notifier.alive)
    }
}
