import ArgumentParser
import BundleBuilder
import BundleSpec
import Console
import DurableFiles
import Foundation
import OCI

struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Pin every image of a spec to the digest that its tag has now.")

    @Argument(help: "The spec.")
    var spec: String

    @Option(help: ArgumentHelp("The lock file; by default SPEC with .lock.json for its ending.", valueName: "file"))
    var output: String?

    @OptionGroup var variables: VariableOptions
    @OptionGroup var registry: RegistryOptions

    func run() async throws {
        try await ExitStatus.reporting {
            let environment = ProcessInfo.processInfo.environment
            let specification = try registry.completing(
                Specification.load(path: spec, overrides: variables.overrides(), environment: environment))
            let path = output ?? LockFile.defaultPath(forSpec: spec)
            let lock = try await Build.lock(specification, environment: environment)
            try LockStore.write(lock, path: path)
            for image in specification.images {
                try Terminal.data("\(lock.descriptor(for: image.key)?.digest.description ?? "-")  \(image.key)")
                for referrer in lock.referrers(for: image.key) {
                    try Terminal.data(
                        "  referrer  \(referrer.descriptor.digest)\(referrer.tag.map { "  \($0)" } ?? "")")
                }
            }
            Terminal.error("wrote \(path)")
        }
    }
}

/// Lock files on disk.
enum LockStore {
    static func write(_ lock: LockFile, path: String) throws {
        let url = URL(fileURLWithPath: path)
        try Directory(opening: url.deletingLastPathComponent().path).writeFile(url.lastPathComponent, lock.bytes())
    }
}
