import BundleFormat
public import BundleLoader
public import Console
import Cryptography
import DurableFiles
import OCI

/// Copies a bundle to a mounted stick, and reads back what was written.
///
/// Spec: docs/medium.md section 3. Wherever it ends, the stick has a whole bundle or no STATEMENT.
public struct StickWriter: Sendable {
    private let path: String
    private let bundle: OpenedBundle
    private let listener: WorkListener

    /// How much is written before it is synced, so that progress is what the stick has and not what memory holds.
    private static let syncInterval: Int64 = 32 << 20

    /// What was done, in bytes.
    public struct Summary: Sendable {
        /// What was written.
        public var written: Int64 = 0
        /// What was there already.
        public var kept: Int64 = 0
    }

    /// A writer of its parts.
    ///
    /// - Parameters:
    ///   - path: The bundle's directory.
    ///   - bundle: The same, opened.
    ///   - listener: Hears how far it has come.
    public init(path: String, bundle: OpenedBundle, listener: WorkListener) {
        self.path = path
        self.bundle = bundle
        self.listener = listener
    }

    /// Copies the bundle, and verifies the copy; blocks.
    ///
    /// Calling again after a crash completes the copy.
    ///
    /// - Parameters:
    ///   - mountPoint: Where the stick is mounted.
    ///   - folder: The folder for the bundle, made where it is missing; nil for the root.
    /// - Returns: What was done.
    /// - Throws: `DeliveryError` with code `usage`, or `damaged` when the stick gives back other bytes; `FileError`, as
    ///   `noSpace` or `busy`; `BundleError`.
    public func write(to mountPoint: String, folder: String?) throws -> Summary {
        if let folder { try MediumFolder.validate(folder) }
        let source = try BundleFiles(path: path).folder
        let signed = try SignedFiles(path: path, statement: bundle.statement)
        let root = try Self.openMountPoint(mountPoint)
        let target = try folder.map { try root.makeSubdirectory($0) } ?? root
        try target.lock()
        let copy = StickCopy(source: source, target: target)

        var missing = try copy.missing(of: signed.others)
        let stale = try copy.stale(besides: signed.others)
        try copy.checkRoom(for: missing + [signed.statement], freeing: stale)
        try copy.remove(stale)

        var summary = Summary()
        summary.kept = signed.others.reduce(0) { $0 + $1.sum.size } - missing.reduce(0) { $0 + $1.sum.size }
        for attempt in 1...2 {
            listener.phase("copy", missing.reduce(0) { $0 + $1.sum.size })
            for file in missing {
                try copy.write(file, syncInterval: Self.syncInterval) { listener.advance($0) }
                summary.written += file.sum.size
            }
            try target.syncFileSystem()
            // All of it, after all was written: a stick with less memory than it says overwrites its beginning.
            let checked = attempt == 1 ? signed.others : missing
            listener.phase("verify", checked.reduce(0) { $0 + $1.sum.size })
            missing = try checked.filter { try !copy.isRight($0) { listener.advance($0) } }
            if missing.isEmpty { break }
            for file in missing {
                listener.note("\(file.path) does not come back from '\(target.path)' as it was written")
            }
        }
        guard missing.isEmpty else { throw copy.wrong(missing[0]) }

        try copy.write(signed.statement, syncInterval: Self.syncInterval) { _ in }
        guard try copy.isRight(signed.statement, advance: { _ in }) else {
            try target.remove(BundleLayout.statement)
            throw copy.wrong(signed.statement)
        }
        try target.syncFileSystem()
        summary.written += signed.statement.sum.size
        return summary
    }

    private static func openMountPoint(_ path: String) throws -> Directory {
        let directory = try Directory(opening: path)
        guard try directory.fileSystem != Directory(opening: path + "/..").fileSystem else {
            throw DeliveryError(
                .usage, "writing to '\(path)': no volume is mounted there; mount the stick, and name its mount point")
        }
        return directory
    }
}
