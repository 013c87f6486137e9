import BundleBuilder
import BundleFormat
import BundleSpec
import Console
import Cryptography
import Foundation
import OCI
import Registry
import TestSupport

/// A directory with a key, a cache and an output: all that a build of one test needs.
struct Workshop: Sendable {
    let directory: TemporaryDirectory
    let key: PrivateKey
    private let environment: [String: String]

    init(environment: [String: String] = [:]) throws {
        self.environment = environment
        directory = try TemporaryDirectory()
        key = try PrivateKey.generate(.ed25519)
    }

    /// Retries that take no time worth mentioning.
    static let retry = RetryPolicy(
        attempts: 4, baseDelay: .milliseconds(2), maximumDelay: .milliseconds(20), idleTimeout: .seconds(180),
        connectTimeout: .seconds(180))

    /// A specification as YAML says it; relative paths belong to the workshop's directory.
    func specification(_ images: String, platforms: String = "linux/amd64") throws -> Specification {
        try Specification.parse(
            yaml: "product: test\nversion: 1\nplatforms: [\(platforms)]\nimages:\n\(images)\n", fileName: "test.yaml",
            directory: directory.path)
    }

    /// A specification of plain references.
    func specification(of references: [String], platforms: String = "linux/amd64") throws -> Specification {
        try specification(references.map { "  - \($0)" }.joined(separator: "\n"), platforms: platforms)
    }

    func build(
        _ specification: Specification, cache: String = "cache", output: String = "bundle", jobs: Int = 2,
        level: Int = 3, packSize: Int64 = BundleLayout.defaultPackSize, created: Timestamp? = nil,
        progress: WorkListener = .none
    ) throws -> Build {
        Build(
            specification: specification,
            options: BuildOptions(
                output: directory.path(output), keys: [key], level: level, jobs: jobs, packSize: packSize,
                created: created, environment: environment, retry: Self.retry),
            cache: try BuildCache(path: directory.path(cache)), progress: progress)
    }

    func lock(_ specification: Specification) async throws -> LockFile {
        try await Build.lock(specification, environment: environment, retry: Self.retry)
    }

    /// Locks, builds and verifies, and gives what is in the bundle.
    func make(
        _ specification: Specification, lock: LockFile? = nil, cache: String = "cache", output: String = "bundle",
        jobs: Int = 2, level: Int = 3, packSize: Int64 = BundleLayout.defaultPackSize
    ) async throws -> BundleContents {
        var pinned = lock
        if pinned == nil { pinned = try await self.lock(specification) }
        let build = try build(
            specification, cache: cache, output: output, jobs: jobs, level: level, packSize: packSize)
        _ = try await build.run(pinned ?? LockFile(images: [:]))
        return try await verified(output)
    }

    /// What is in a bundle that verifies in full.
    func verified(_ output: String = "bundle") async throws -> BundleContents {
        let trust = try TrustPolicy(keys: [key.publicKey])
        let verifier = Verifier(path: directory.path(output), trust: trust, depth: .full, jobs: 2)
        let report = try await verifier.run { _, _ in }
        guard report.isComplete else {
            throw BundleError(.damaged, report.faults.map(\.description).joined(separator: "; "))
        }
        return try BundleContents(path: directory.path(output), trust: trust)
    }

    /// Every file beneath a directory, by path, with its digest; folders too.
    func tree(_ name: String = "bundle") throws -> [String: Digest?] {
        let root = directory.path(name)
        guard let walk = FileManager.default.enumerator(atPath: root) else { return [:] }
        var tree: [String: Digest?] = [:]
        for case let path as String in walk {
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isDirectory)
            tree[path] =
                isDirectory.boolValue
                ? .some(nil)
                : SHA256Hasher.digest(of: Array(try Data(contentsOf: URL(fileURLWithPath: root + "/" + path))))
        }
        return tree
    }

    /// Whether there is nothing at the output and nothing beside it, as after every build that failed.
    func hasNoBundle(_ output: String = "bundle") -> Bool {
        !exists(output) && !exists(output + ".partial")
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: directory.path(name)) }

    /// The code of the error that something throws; nil when it throws none, or another kind.
    static func code(_ body: () async throws -> Void) async -> BuildError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? BuildError)?.code
        }
    }
}
