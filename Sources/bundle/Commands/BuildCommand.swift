import ArgumentParser
import BundleBuilder
import BundleFormat
import BundleSpec
import Console
import Cryptography
import Foundation
import OCI
import Zstandard

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Pull the images of a spec, pack them into a bundle and sign it.",
        discussion: """
            The lock file beside the spec decides which images; without one, tags are resolved and it is written. \
            A lock that --lock names must be there. A build that was cut off continues when it is run again. \
            An existing bundle is replaced in one step.
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

    @Option(help: ArgumentHelp("An existing lock; by default SPEC with .lock.json for its ending.", valueName: "file"))
    var lock: String?

    @Option(help: ArgumentHelp("The zstd level, 1 to 22: 3 is quick, 9 is good, 19 is for releases.", valueName: "n"))
    var level = ZstandardLibrary.defaultLevel

    @Option(help: ArgumentHelp("The size of packs in MiB, 1 to 2048.", valueName: "mib"))
    var packSize: Int64 = BundleLayout.defaultPackSize >> 20

    @Option(help: ArgumentHelp("The build cache; by default XDG_CACHE_HOME/bundle.", valueName: "dir"))
    var cache: String?

    @Option(help: "With --image: the product, by default 'images'.")
    var product: String?

    @Option(help: "With --image: the channel, by default 'stable'.")
    var channel: String?

    @Option(help: ArgumentHelp("With --image: the version, by default 1.", valueName: "n"))
    var bundleVersion: Int64?

    @Option(help: ArgumentHelp("With --image: a platform, as linux/arm64; repeatable.", valueName: "os/arch"))
    var platform: [String] = []

    @Flag(help: "Show what would be pulled, and stop.")
    var dryRun = false

    @Flag(help: "Pull into the build cache, and stop.")
    var pullOnly = false

    @OptionGroup var variables: VariableOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var work: WorkOptions

    func run() async throws {
        try await ExitStatus.reporting {
            try checkUsage()
            let environment = ProcessInfo.processInfo.environment
            let specification = try registry.completing(specification(environment))
            let keys = try signingKeys()
            guard let cachePath = cache ?? BuildCache.defaultPath(environment: environment) else {
                throw UsageError("there is neither XDG_CACHE_HOME nor HOME for the build cache; name one with --cache")
            }
            let meter = ProgressMeter(isWanted: !work.noProgress)
            let cache = try BuildCache(path: cachePath)
            let build = Build(
                specification: specification,
                options: BuildOptions(
                    output: output ?? "", keys: keys, level: level, jobs: work.jobs, packSize: packSize << 20,
                    created: try Self.sourceDateEpoch(environment), environment: environment),
                cache: cache, progress: meter.listener)
            let lock = try await lockFile(specification, environment, cache)
            if dryRun { return try show(try await build.plan(lock)) }
            if pullOnly {
                try await build.pull(lock)
                return meter.finish()
            }
            let result = try await build.run(lock)
            meter.finish()
            try show(result)
        }
    }

    private func specification(_ environment: [String: String]) throws -> Specification {
        if let spec {
            return try Specification.load(path: spec, overrides: try variables.overrides(), environment: environment)
        }
        let platforms = try platform.map { try Platform(parsing: $0) }
        guard Set(platforms).count == platforms.count else { throw UsageError("a --platform is given twice; keep one") }
        return Specification(
            product: product ?? "images", channel: channel ?? "stable", version: bundleVersion ?? 1,
            platforms: platforms.isEmpty ? [.host] : platforms, images: try entries())
    }

    /// The images of `--image`, under the rules for those of a spec.
    private func entries() throws -> [ImageEntry] {
        let entries = try image.map { text in
            guard !ImageSource.prefixes.contains(where: text.hasPrefix) else {
                throw UsageError(
                    "--image '\(text)': only images of registries can be named so; "
                        + "write a spec for other sources, which also gives images their names")
            }
            do throws(OCIError) { return ImageEntry(source: .registry(try Reference(parsing: text)), key: text) } catch
            {
                throw UsageError("--image: \(error.message); write [HOST[:PORT]/]NAME[:TAG][@DIGEST]")
            }
        }
        guard let repetition = Repetition(in: entries) else { return entries }
        let (image, earlier) = (entries[repetition.place.image], entries[repetition.earlier.image])
        guard let name = repetition.place.name else {
            throw UsageError("--image '\(earlier.key)' and --image '\(image.key)' are one image; keep one")
        }
        throw UsageError(
            "--image '\(earlier.key)' and --image '\(image.key)' would both be '\(image.names[name])' on the target; "
                + "each name can point to one image")
    }

    /// What is wrong with the options together; later than the parser, so that it tells of a misspelt option first.
    private func checkUsage() throws {
        guard (spec == nil) != image.isEmpty else { throw UsageError("name a spec, or images with --image; not both") }
        if spec == nil {
            guard variables.assignments.isEmpty else {
                throw UsageError("--set gives variables of a spec values; --image has none")
            }
            guard [product, channel].compactMap(\.self).allSatisfy(Statement.isName) else {
                throw UsageError(
                    "--product and --channel are 1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or digit")
            }
            guard 1...Specification.maximumVersion ~= bundleVersion ?? 1 else {
                throw UsageError("--bundle-version is 1 to \(Specification.maximumVersion)")
            }
        } else {
            guard product == nil, channel == nil, bundleVersion == nil, platform.isEmpty else {
                throw UsageError(
                    "--product, --channel, --bundle-version and --platform belong to --image; write them into the spec")
            }
        }
        guard ZstandardLibrary.levels.contains(level) else { throw UsageError("--level is 1 to 22") }
        guard 1...2048 ~= packSize else { throw UsageError("--pack-size is 1 to 2048") }
        guard dryRun || pullOnly || output != nil else { throw UsageError("name the --output directory") }
    }

    private func signingKeys() throws -> [PrivateKey] {
        guard !dryRun, !pullOnly else { return [] }
        guard !key.isEmpty else {
            throw UsageError(
                "every bundle is signed; name a private key with --key, or make one: bundle keygen --output keys --name release"
            )
        }
        var paths: [Digest: String] = [:]
        return try key.map { path in
            let key = try KeyFile.privateKey(path, passphraseFile: passphraseFile)
            if let earlier = paths.updateValue(path, forKey: key.publicKey.id) {
                throw UsageError("--key \(earlier) and --key \(path) are one key, which signs once; keep one")
            }
            return key
        }
    }

    /// Spec: reproducible-builds.org, SOURCE_DATE_EPOCH.
    private static func sourceDateEpoch(_ environment: [String: String]) throws -> Timestamp? {
        guard let text = environment["SOURCE_DATE_EPOCH"], !text.isEmpty else { return nil }
        guard let seconds = Int64(text), seconds >= 0, let time = Timestamp(seconds: seconds) else {
            throw UsageError("SOURCE_DATE_EPOCH is '\(text)' instead of seconds since 1970")
        }
        return time
    }

    private func lockFile(
        _ specification: Specification, _ environment: [String: String], _ cache: BuildCache
    ) async throws -> LockFile {
        let path = lock ?? spec.map(LockFile.defaultPath(forSpec:))
        if let path, FileManager.default.fileExists(atPath: path) {
            let lock = try LockFile.load(path: path)
            let (missing, extra) = lock.staleEntries(against: specification)
            guard missing.isEmpty, extra.isEmpty else {
                let names = missing.map { "no \($0)" } + extra.map { "a needless \($0)" }
                throw BuildError(
                    .lock, "\(path) does not fit the spec: it has \(names.joined(separator: ", ")); run 'bundle lock'")
            }
            return lock
        }
        // A build writes the lock that it will look for itself, but none that somebody relies on being there.
        if let lock {
            throw UsageError(
                "there is no lock file \(lock); check the path, or make it: "
                    + "bundle lock \(spec ?? "SPEC") --output \(lock)")
        }
        let resolved = try await Build.lock(specification, environment: environment, cache: cache)
        if let path, !dryRun {
            try LockStore.write(resolved, path: path)
            Terminal.error("wrote \(path)")
        }
        return resolved
    }

    private func show(_ plan: BuildPlan) throws {
        for image in plan.images {
            try Terminal.data(
                "\(image.reference)  \(image.root)  \(Text.count(image.layerCount, "layer")), \(Text.bytes(image.size)), "
                    + "\(Text.bytes(image.missing)) to pull")
        }
        try Terminal.data(
            "\(Text.count(plan.images.count, "image")), \(Text.bytes(plan.imageBytes)), "
                + "\(Text.bytes(plan.blobBytes)) of distinct blobs, \(Text.bytes(plan.missingBytes)) to pull")
    }

    private func show(_ result: BuildResult) throws {
        let statement = result.statement
        let referrers = result.referrerCount == 0 ? "" : " and \(Text.count(result.referrerCount, "referrer"))"
        try Terminal.data(
            "\(output ?? ""): \(statement.product) \(statement.channel) \(statement.version), \(statement.created)")
        try Terminal.data(
            "\(Text.count(result.imageCount, "image"))\(referrers), \(Text.bytes(result.sizes.images)), "
                + "\(Text.bytes(result.sizes.blobs)) of distinct blobs; bundle \(result.sizes.bundleInWords)")
    }
}
