import ArgumentParser
import BundleLoader
import BundleServer
import Console
import Foundation

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve bundles' images as a registry that can only be read.",
        discussion: """
            Verifies the signatures, then answers docker, containerd, podman, skopeo and others straight from the medium. \
            A blob that is damaged ends in a broken connection, never in a whole answer. One line a request on standard \
            error; SIGTERM ends. \
            Exit: 0 ended, 1 the address cannot be listened at, 3 not trusted, 4 damaged, 5 not found, 64 usage.
            """)

    @Argument(help: "The bundles.")
    var directories: [String]

    @OptionGroup var trust: TrustOptions

    @Option(help: ArgumentHelp("Where to listen, as 0.0.0.0:5000 or [::]:5000.", valueName: "addr:port"))
    var listen: String

    @Option(help: ArgumentHelp("Speak TLS with this certificate and its chain (PEM).", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("The key of --tls-cert (PEM).", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("How many blobs are made at a time, each with about 20 MiB of memory.", valueName: "n"))
    var blobs = 8

    @Option(help: ArgumentHelp("Cut off clients that take longer for 256 KiB of a blob.", valueName: "seconds"))
    var patience = 60

    @OptionGroup var selection: SelectionOptions

    func run() async throws {
        try await ExitStatus.reporting {
            let options = try options()
            let images = try selection.references()
            let store = try trust.store()
            let listener = WorkListener(phase: { _, _ in }, advance: { _ in }, note: { Terminal.error($0) })
            var content = ServedContent()
            for directory in directories {
                let bundle = try OpenedBundle(path: directory, trust: store, listener: listener)
                try content.add(
                    try bundle.images(groups: selection.groupNames, only: images, platform: nil), reader: bundle.reader)
            }
            let count = content.repositoryCount == 1 ? "1 repository" : "\(content.repositoryCount) repositories"
            let scheme = tlsCert == nil ? "http" : "https"
            try await RegistryServer(content, options: options, log: { Terminal.error($0) }).run { port in
                // Nobody reads it any more: no reason not to serve.
                try? Terminal.data("serving \(count) at \(scheme)://\(options.host):\(port)")
            }
        }
    }

    private func options() throws -> ServeOptions {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            0...65535 ~= port
        else { throw UsageError("--listen '\(listen)' is not ADDR:PORT, as 0.0.0.0:5000 or [::]:5000") }
        var host = String(listen[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else {
            throw UsageError("--listen '\(listen)' has no address; for all of them give 0.0.0.0")
        }
        guard 1...1024 ~= blobs else { throw UsageError("--blobs is 1 to 1024") }
        guard 1...3600 ~= patience else { throw UsageError("--patience is 1 to 3600 seconds") }
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw UsageError("--tls-cert and --tls-key belong together; give both")
        }
        var options = ServeOptions(host: host, port: port)
        if let tlsCert, let tlsKey { options.tls = (tlsCert, tlsKey) }
        options.blobs = blobs
        options.patience = .seconds(patience)
        options.connections = Self.raiseFileLimit() - 128
        return options
    }

    /// As many open files as are allowed, since each connection is one; says how many.
    private static func raiseFileLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        limit.rlim_cur = min(limit.rlim_max, 16384)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return max(256, Int(limit.rlim_cur))
    }
}
