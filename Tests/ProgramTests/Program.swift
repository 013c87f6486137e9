import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// The built program `bundle`, run as people run it, in a directory of its own with a home and a key.
struct Program: Sendable {
    let directory: TemporaryDirectory

    init() async throws {
        directory = try TemporaryDirectory()
        try directory.makeDirectory("home")
        _ = try await succeed("keygen", "--output", directory.path("keys"))
    }

    /// Beside the test bundle, whatever the build directory is; BUNDLE_PROGRAM names another one.
    static let path: String = {
        var folders: [String] = []
        if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            folders.append(own)
        }
        folders += CommandLine.arguments.filter { $0.hasSuffix(".xctest") } + [Bundle.main.bundlePath]
        let candidates =
            [ProcessInfo.processInfo.environment["BUNDLE_PROGRAM"]].compactMap(\.self)
            + folders.map { URL(fileURLWithPath: $0).deletingLastPathComponent().appendingPathComponent("bundle").path }
            + [root + "/.build/debug/bundle"]
        return candidates.first { access($0, X_OK) == 0 } ?? "bundle"
    }()

    /// The top of the project.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    var key: String { directory.path("keys/release.key") }
    var trusted: String { directory.path("keys/release.pub") }

    /// The program with arguments; nothing of the test's own environment but the path reaches it.
    func command(_ arguments: [String], environment: [String: String] = [:]) -> Command {
        var variables = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": directory.path("home")]
        variables.merge(environment) { $1 }
        return Command(
            Self.path, arguments, environment: variables, inheritsEnvironment: false,
            workingDirectory: directory.path, timeout: .seconds(300))
    }

    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> CommandResult {
        try await command(arguments, environment: environment).run()
    }

    /// Runs it and demands exit code 0; gives standard output.
    @discardableResult
    func succeed(_ arguments: String..., environment: [String: String] = [:]) async throws -> String {
        try await command(arguments, environment: environment).check().outputText
    }

    /// Runs it and demands an exit code and one sentence on standard error; gives the sentence.
    @discardableResult
    func fail(
        _ code: Int32, _ arguments: String..., environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let result = try await command(arguments, environment: environment).run()
        let text = result.errorText
        #expect(result.status == .exited(code), "\(arguments): \(text)", sourceLocation: sourceLocation)
        let sentences = text.split(separator: "\n").filter { $0.hasPrefix("bundle: ") }
        #expect(sentences.count == 1, "\(arguments): \(text)", sourceLocation: sourceLocation)
        return text
    }

    /// Runs it and demands that the command line is refused, by the parser or the command.
    @discardableResult
    func refuse(
        _ arguments: String..., environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let result = try await command(arguments, environment: environment).run()
        #expect(result.status == .exited(64), "\(arguments): \(result.errorText)", sourceLocation: sourceLocation)
        #expect(!result.errorText.isEmpty, sourceLocation: sourceLocation)
        return result.errorText
    }

    /// Writes a spec and gives its path.
    func spec(
        _ images: String, name: String = "spec.yaml", version: Int = 1, platforms: String = "linux/amd64"
    ) throws -> String {
        try directory.write(
            "product: test\nversion: \(version)\nplatforms: [\(platforms)]\nimages:\n\(images)\n", to: name)
    }

    /// Builds with the release key and demands success.
    @discardableResult
    func build(_ spec: String, output: String = "bundle", more: [String] = []) async throws -> CommandResult {
        try await command(
            ["build", spec, "--output", directory.path(output), "--key", key, "--level", "3"] + more
        ).check()
    }

    func verify(_ output: String = "bundle", more: [String] = []) async throws -> CommandResult {
        try await command(["verify", directory.path(output), "--trust", trusted] + more).run()
    }

    /// Demands that a bundle verifies in full.
    func expectWhole(_ output: String = "bundle", sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let result = try await verify(output)
        #expect(
            result.status == .exited(0), "\(output): \(result.outputText)\(result.errorText)",
            sourceLocation: sourceLocation)
    }

    /// What `bundle inspect --json` says.
    func inspect(_ output: String = "bundle") async throws -> JSONNode {
        try JSONNode(parsing: try await command(["inspect", directory.path(output), "--json"]).check().output)
    }

    /// The digests of the images' roots, in loading order.
    func roots(_ output: String = "bundle") async throws -> [String] {
        try await inspect(output).member("images").elements().map { try $0.member("root").string() }
    }

    func exists(_ name: String) -> Bool { access(directory.path(name), F_OK) == 0 }

    func remove(_ name: String) throws {
        if exists(name) { try FileManager.default.removeItem(atPath: directory.path(name)) }
    }

    /// Whether there is nothing at the output, and nothing beside it that could be taken for a bundle.
    func hasNoBundle(_ output: String = "bundle") -> Bool { !exists(output) && !exists(output + ".partial/STATEMENT") }

    /// Flips a bit in the middle of a bundle's largest blob, which is its pack.
    func damagePack(_ output: String = "bundle") throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path(output + "/blobs/sha256"))
        let blobs = try names.map { name in
            let path = "\(output)/blobs/sha256/\(name)"
            return (path: path, bytes: try directory.read(path))
        }
        var pack = try #require(blobs.max { $0.bytes.count < $1.bytes.count })
        pack.bytes[pack.bytes.count / 2] ^= 1
        try directory.write(pack.bytes, to: pack.path)
    }

    /// Every file beneath a directory with its bytes.
    func tree(_ name: String = "bundle") throws -> [String: [UInt8]] {
        var tree: [String: [UInt8]] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory.path(name)) {
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: directory.path(name + "/" + path), isDirectory: &isDirectory)
            // Links may lead to where a root directory only will be.
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: directory.path(name + "/" + path))
            tree[path] =
                try target.map { Array($0.utf8) }
                ?? (isDirectory.boolValue ? [] : directory.read(name + "/" + path))
        }
        return tree
    }
}
