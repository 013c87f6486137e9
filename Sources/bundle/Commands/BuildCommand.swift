import ArgumentParser
import BundleBuilder
import BundleFormat
import BundleSpec
import Cryptography
import Foundation
import OCI
import Zstandard

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Pull the images of a spec, pack them into a bundle and sign it.",
        discussion: """
            The lock file beside the spec decides which images; without one, tags are resolved and it is written. \
            A build that was cut off continues when it is run again. An existing bundle is replaced in one step.
            """)

    @Argument(help: "The spec; or name images with --image.")
    var spec: String?

    @Option(help: ArgumentHelp("An image to bundle without a spec; repeatable.", valueName: "ref"))
    var image: [String] = []

    @Option(help: ArgumentHelp("The directory that becomes the bundle.", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("A private key that signs; repeatable.", valueName: "file"))
    var key: [String] = []

    @Option(help: ArgumentHelp("A file with the passphrase of the private keys.", valueName: "file"))
    var passphraseFile: String?

    @Option(help: ArgumentHelp("The lock file; by default SPEC with .lock.json for its ending.", valueName: "file"))
    var lock: String?

    @Option(help: ArgumentHelp("The zstd level, 1 to 22: 3 is quick, 9 is good, 19 is for releases.", valueName: "n"))
    var level = ZstandardLibrary.defaultLevel

    @Option(help: ArgumentHelp("The size of packs in MiB, 1 to 2048.", valueName: "mib"))
    var packSize: Int64 = BundleLayout.defaultPackSize >> 20

    @Option(help: ArgumentHelp("The build cache; by default XDG_CACHE_HOME/bundle.", valueName: "dir"))
    var cache: String?

    @Option(help: "With --image: the product.")
    var product = "images"

    @Option(help: "With --image: the channel.")
    var channel = "stable"

    @Option(help: "With --image: the version.")
    var bundleVersion: Int64 = 1

    @Option(help: ArgumentHelp("With --image: a platform, as linux/arm64; repeatable.", valueName: "os/arch"))
    var platform: [String] = []

    @Flag(help: "Show what would be pulled, and stop.")
    var dryRun = false

    @Flag(help: "Pull into the build cache, and stop.")
    var pullOnly = false

    @OptionGroup var variables: VariableOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var work: WorkOptions

    func validate() throws {
        guard (spec == nil) != image.isEmpty else { throw ValidationError("name a spec, or images with --image") }
        guard ZstandardLibrary.levels.contains(level) else { throw ValidationError("--level is 1 to 22") }
        guard 1...2048 ~= packSize else { throw ValidationError("--pack-size is 1 to 2048") }
        guard dryRun || pullOnly || output != nil else { throw ValidationError("name the --output directory") }
    }

    func run() async throws {
        try await ExitStatus.reporting {
            let environment = ProcessInfo.processInfo.environment
            let specification = registry.completing(try specification(environment))
            let keys = try signingKeys()
            guard let cachePath = cache ?? BuildCache.defaultPath(environment: environment) else {
                throw UsageError("there is neither XDG_CACHE_HOME nor HOME for the build cache; name one with --cache")
            }
            let meter = ProgressMeter(isWanted: !work.noProgress)
            let build = Build(
                specification: specification,
                options: BuildOptions(
                    output: output ?? "", keys: keys, level: level, jobs: work.jobs, packSize: packSize << 20,
                    created: try Self.sourceDateEpoch(environment), environment: environment),
                cache: try BuildCache(path: cachePath), progress: meter.listener)
            let lock = try await lockFile(specification, environment)
            if dryRun { return show(try await build.plan(lock)) }
            if pullOnly {
                try await build.pull(lock)
                return meter.finish()
            }
            let result = try await build.run(lock)
            meter.finish()
            show(result)
        }
    }

    private func specification(_ environment: [String: String]) throws -> Specification {
        if let spec {
            return try Specification.load(path: spec, overrides: try variables.overrides(), environment: environment)
        }
        guard Statement.isName(product), Statement.isName(channel) else {
            throw UsageError("--product and --channel are up to 64 of a-z, 0-9, '.', '_' and '-'")
        }
        guard 1...Specification.maximumVersion ~= bundleVersion else {
            throw UsageError("--bundle-version is 1 or more")
        }
        let entries = try image.map { text in
            ImageEntry(source: .registry(try Reference(parsing: text)), key: text)
        }
        let platforms = try platform.map { try Platform(parsing: $0) }
        return Specification(
            product: product, channel: channel, version: bundleVersion,
            platforms: platforms.isEmpty ? [.host] : platforms,
            images: entries)
    }

    private func signingKeys() throws -> [PrivateKey] {
        guard !dryRun, !pullOnly else { return [] }
        guard !key.isEmpty else {
            throw UsageError(
                "every bundle is signed; name a private key with --key, or make one: bundle keygen --output keys --name release"
            )
        }
        return try key.map { try KeyFile.privateKey($0, passphraseFile: passphraseFile) }
    }

    /// Spec: reproducible-builds.org, SOURCE_DATE_EPOCH.
    private static func sourceDateEpoch(_ environment: [String: String]) throws -> Timestamp? {
        guard let text = environment["SOURCE_DATE_EPOCH"], !text.isEmpty else { return nil }
        guard let seconds = Int64(text), seconds >= 0, let time = Timestamp(seconds: seconds) else {
            throw UsageError("SOURCE_DATE_EPOCH is '\(text)' instead of seconds since 1970")
        }
        return time
    }

    private func lockFile(_ specification: Specification, _ environment: [String: String]) async throws -> LockFile {
        guard let path = lock ?? spec.map(LockFile.defaultPath(forSpec:)) else {
            return try await Build.lock(specification, environment: environment)
        }
        if FileManager.default.fileExists(atPath: path) {
            let lock = try LockFile.load(path: path)
            let (missing, extra) = lock.staleEntries(against: specification)
            guard missing.isEmpty, extra.isEmpty else {
                let names = missing.map { "no \($0)" } + extra.map { "a needless \($0)" }
                throw BuildError(
                    .lock, "\(path) does not fit the spec: it has \(names.joined(separator: ", ")); run 'bundle lock'")
            }
            return lock
        }
        let lock = try await Build.lock(specification, environment: environment)
        try LockStore.write(lock, path: path)
        Terminal.error("wrote \(path)")
        return lock
    }

    private func show(_ plan: BuildPlan) {
        for image in plan.images {
            Terminal.data(
                "\(image.reference)  \(image.root)  \(image.layerCount) layers, \(Text.bytes(image.size)), "
                    + "\(Text.bytes(image.missing)) to pull")
        }
        Terminal.data(
            "\(plan.images.count) images, \(Text.bytes(plan.imageBytes)), \(Text.bytes(plan.blobBytes)) without repetition, "
                + "\(Text.bytes(plan.missingBytes)) to pull")
    }

    private func show(_ result: BuildResult) {
        let statement = result.statement
        Terminal.data(
            "\(output ?? ""): \(statement.product) \(statement.channel) \(statement.version), \(statement.created)")
        Terminal.data(
            "\(result.imageCount) images, \(Text.bytes(result.imageBytes)) of layers, \(Text.bytes(result.blobBytes)) without "
                + "repetition, \(Text.bytes(result.packBytes)) in the bundle "
                + "(\(Text.percent(result.packBytes, of: result.blobBytes)))")
    }
}
