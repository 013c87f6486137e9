import BundleFormat
import Engines
import Foundation
import OCI
import Synchronization
import TestSupport

/// The storage of a registry in a directory of the test, and what tests do with it.
struct RegistryDirectoryScene: Sendable {
    let directory: TemporaryDirectory
    /// The root directory.
    let storage: String

    init() throws {
        directory = try TemporaryDirectory()
        storage = try directory.makeDirectory("storage")
    }

    func engine(jobs: Int = 2) throws -> RegistryDirectory { try RegistryDirectory(path: storage, jobs: jobs) }

    /// Plans images, loads what is missing and confirms everything.
    ///
    /// - Returns: The plan, and how many bytes the engine said it sent.
    @discardableResult
    func seed(_ bundle: BundleOnDisk, _ images: [TargetImage]? = nil) async throws -> (plan: LoadPlan, sent: Int64) {
        let engine = try engine()
        let plan = try await engine.plan(images ?? bundle.images(), reader: bundle.reader)
        try await engine.checkRoom(for: plan)
        let sent = Counter()
        for batch in plan.batches {
            try await engine.load(batch, reader: bundle.reader) { sent.add($0) }
            try engine.sync()
            for step in batch { try engine.confirm(step) }
        }
        return (plan, sent.value)
    }

    /// A sum that several threads add to.
    final class Counter: Sendable {
        private let sum = Mutex<Int64>(0)

        func add(_ value: Int64) { sum.withLock { $0 += value } }

        var value: Int64 { sum.withLock(\.self) }
    }

    /// What the storage's file system knows of a file or folder.
    struct Entry: Hashable {
        let inode: UInt64
        let mode: UInt32
        let userID: UInt32
        let groupID: UInt32
        let size: Int64
        /// Of a file, in nanoseconds.
        let modified: Int

        var isFolder: Bool { mode & S_IFMT == S_IFDIR }
    }

    /// Everything beneath the root directory, by path.
    func tree() throws -> [String: Entry] {
        var tree: [String: Entry] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: storage) {
            var status = stat()
            guard lstat(storage + "/" + path, &status) == 0 else { continue }
            tree[path] = Entry(
                inode: UInt64(status.st_ino), mode: status.st_mode, userID: status.st_uid, groupID: status.st_gid,
                size: Int64(status.st_size), modified: status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec)
        }
        return tree
    }

    func blobs() throws -> Set<String> { Set(try tree().keys.filter { $0.hasSuffix("/data") }) }

    /// The path of a blob, relative to the root directory.
    static func blob(_ digest: Digest) -> String {
        "docker/registry/v2/blobs/sha256/\(digest.hex.prefix(2))/\(digest.hex)/data"
    }

    static func repository(_ name: String) -> String { "docker/registry/v2/repositories/" + name }

    func path(_ name: String) -> String { storage + "/" + name }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    /// What is wrong with the storage: links without a blob, blobs of other bytes, and files of nobody.
    func faults(_ images: ImageSet) throws -> [String] {
        var faults: [String] = []
        for (path, entry) in try tree() where !entry.isFolder {
            let bytes = try read(path)
            if path.hasSuffix("/data") {
                let hex = path.split(separator: "/").dropLast().last ?? ""
                if Digest(hex: hex).flatMap({ images.blobs[$0] }) != bytes { faults.append("\(path) has other bytes") }
            } else if path.hasSuffix("/link") {
                let digest = try Digest(parsing: String(decoding: bytes, as: UTF8.self))
                if !FileManager.default.fileExists(atPath: self.path(Self.blob(digest))) {
                    faults.append("\(path) points to nothing")
                }
            } else {
                faults.append("\(path) belongs to nobody")
            }
        }
        return faults
    }
}

/// What a registry gives out.
struct Served: Sendable {
    let registry: DockerRegistry

    /// The manifest or index behind `name:tag` or `name@digest`; nil when the registry has none.
    func raw(_ name: String) async throws -> [UInt8]? {
        let result = try await Command(
            "skopeo", ["inspect", "--raw", "--tls-verify=false", "docker://" + registry.reference(name)]
        ).run()
        return result.status == .exited(0) ? result.output : nil
    }

    /// Pulls an image for a platform, and gives the bytes of its manifest, config and layers by their digests.
    func pull(_ name: String, _ platform: Platform) async throws -> [Digest: [UInt8]] {
        let directory = try TemporaryDirectory()
        var options = ["--override-os", platform.os, "--override-arch", platform.architecture]
        if let variant = platform.variant { options += ["--override-variant", variant] }
        try await Command(
            "skopeo",
            ["--insecure-policy"] + options + [
                "copy", "--quiet", "--src-tls-verify=false", "docker://" + registry.reference(name),
                "dir:" + directory.path("image"),
            ]
        ).check()
        var found: [Digest: [UInt8]] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: directory.path("image")) {
            guard let digest = Digest(hex: file) else { continue }
            found[digest] = try directory.read("image/" + file)
        }
        return found
    }

    /// A blob of a repository.
    func blob(_ digest: Digest, in repository: String) async throws -> [UInt8] {
        try await Command(
            "curl", ["--silent", "--show-error", "--fail", "\(registry.origin)/v2/\(repository)/blobs/\(digest)"]
        ).check().output
    }
}
