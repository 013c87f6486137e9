public import ArgumentParser
public import BundleDelivery
import Console
import Cryptography
import Foundation
import Registry

struct MirrorConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror-config", abstract: "Write what makes engines pull from the site's registry.",
        discussion: """
            Writes containerd's hosts.toml, docker's daemon.json, podman's registries.conf.d and the registries.yaml \
            of k3s and RKE2 beneath DIR/etc; what others wrote there stays, and --remove takes away only what this \
            command wrote. The password comes from REGISTRY_PASSWORD, or by --password-file. \
            Exit: 0 done, 7 a file of somebody else's is in the way or cannot be read, 8 the authority could not be \
            fetched, 64 usage.
            """)

    @Option(help: ArgumentHelp("The site's registry, as https://registry.example.com:5000.", valueName: "url"))
    var registry: String?

    @Option(help: ArgumentHelp("A path there before the images' own, as of 'bundle push --to'.", valueName: "path"))
    var path: String?

    @Option(
        name: .customLong("upstream"),
        help: ArgumentHelp(
            "A registry whose images it has, as docker.io; repeatable; _default is every one, and the default.",
            valueName: "host"))
    var upstreams: [String] = []

    @Option(
        name: .customLong("runtime"),
        help: ArgumentHelp("containerd, docker, podman, k3s or rke2; repeatable.", valueName: "name"))
    var runtimes: [MirrorRuntime] = []

    @Option(help: ArgumentHelp("Log in as this user.", valueName: "name"))
    var username: String?

    @Option(help: ArgumentHelp("The password, in the first line; - is standard input.", valueName: "file"))
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "Trust the authorities in this PEM file, or in that at an http:// or https:// address.",
            valueName: "file|url"))
    var caFile: String?

    @Flag(name: .customLong("insecure-skip-tls-verify"), help: "Do not check the registry's certificate.")
    var insecureSkipTLSVerify = false

    @Option(help: ArgumentHelp("The root directory of the client's system; / is this one.", valueName: "dir"))
    var output: String

    @Flag(help: "Take away what was written, of all runtimes or of those that are named.")
    var remove = false

    @Flag(help: "Show what would be written, and stop.")
    var dryRun = false

    func run() async throws {
        try await ExitStatus.reporting {
            try checkOptions()
            let configurator = try MirrorConfigurator(root: output)
            let mirror = try await mirror()
            let all = MirrorRuntime.allCases
            let plan = try configurator.plan(mirror, runtimes: all.filter { runtimes.isEmpty || runtimes.contains($0) })
            if !dryRun { try configurator.apply(plan) }
            for line in plan.lines { try Terminal.data(line) }
            for note in plan.notes { Terminal.error("note: \(note)") }
        }
    }

    private func checkOptions() throws {
        guard !output.isEmpty else { throw UsageError("--output is empty; name the root directory of a system") }
        guard remove == (registry == nil) else {
            throw UsageError("give --registry, or --remove to take away what was written")
        }
        guard remove || !runtimes.isEmpty else {
            throw UsageError("name what pulls by --runtime, as --runtime containerd")
        }
        let settings = [path, username, passwordFile, caFile].compactMap(\.self) + upstreams
        guard !remove || (settings.isEmpty && !insecureSkipTLSVerify) else {
            throw UsageError("--remove takes only --runtime, --output and --dry-run")
        }
        guard passwordFile == nil || username != nil else {
            throw UsageError("--password-file needs --username")
        }
    }

    private func mirror() async throws -> Mirror? {
        guard let registry else { return nil }
        return try Mirror(
            registry: registry, path: path, upstreams: upstreams, credentials: try credentials(),
            authority: try await authority(), skipsTLSVerify: insecureSkipTLSVerify)
    }

    private func credentials() throws -> Credentials? {
        guard let username else { return nil }
        if let passwordFile {
            let bytes = try KeyFile.read(passwordFile == "-" ? "/dev/stdin" : passwordFile)
            let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
            return Credentials(username: username, password: String(decoding: line, as: UTF8.self))
        }
        guard let password = ProcessInfo.processInfo.environment["REGISTRY_PASSWORD"], !password.isEmpty else {
            throw UsageError("--username needs a password, in REGISTRY_PASSWORD or by --password-file")
        }
        return Credentials(username: username, password: password)
    }

    private func authority() async throws -> [UInt8]? {
        guard let caFile else { return nil }
        let limit = 1 << 20
        guard caFile.hasPrefix("http://") || caFile.hasPrefix("https://") else {
            return try KeyFile.read(caFile, limit: limit)
        }
        let client = RegistryClient(environment: ProcessInfo.processInfo.environment)
        let fetched: [UInt8]
        do { fetched = try await client.file(at: caFile, limit: limit) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        // Whoever answers there decides whom the clients trust: people must be able to compare.
        Terminal.error(
            "note: the authority from \(caFile) is \(SHA256Hasher.digest(of: fetched)); compare it with its owner's")
        return fetched
    }
}

extension MirrorRuntime: ExpressibleByArgument {}

extension MirrorConfigurator.Plan {
    /// A line for each file, though it may be written twice.
    fileprivate var lines: [String] {
        var seen: Set<String> = []
        let last = changes.reversed().filter { seen.insert($0.path).inserted }.reversed()
        return last.map { $0.kind.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0) + "  " + $0.path }
    }
}
