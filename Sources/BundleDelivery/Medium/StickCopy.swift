import BundleFormat
import Cryptography
import DurableFiles
import OCI

/// The files of one bundle on a stick, and those of the bundle that they are copied from.
struct StickCopy {
    let source: any ReadableFolder
    let target: Directory

    /// The files that are not there in their size; what the others hold is found out when all is read back.
    func missing(of files: [SignedFiles.File]) throws(FileError) -> [SignedFiles.File] {
        var missing: [SignedFiles.File] = []
        for file in files {
            do throws(FileError) {
                if try target.size(of: file.path) == file.sum.size { continue }
            } catch {
                // Its folder is missing, or something else has its name.
                guard [.notFound, .notRegular].contains(error.code) else { throw error }
            }
            missing.append(file)
        }
        return missing
    }

    /// What another bundle, or a copy that was cut off, left in this place: STATEMENT first.
    func stale(besides files: [SignedFiles.File]) throws(FileError) -> [(path: String, size: Int64)] {
        let wanted = Set(files.map(\.path))
        var stale: [(path: String, size: Int64)] = []
        if let size = try target.size(of: BundleLayout.statement) { stale.append((BundleLayout.statement, size)) }
        for folder in ["", BundleLayout.signatures, BundleLayout.blobs] {
            let names: [String]
            do throws(FileError) {
                names = try (folder.isEmpty ? target : target.subdirectory(folder)).names()
            } catch {
                guard error.code == .notFound else { throw error }
                continue
            }
            for name in names {
                let path = folder.isEmpty ? name : folder + "/" + name
                let isOurs =
                    name.hasPrefix(Directory.temporaryPrefix) || BundleLayout.isSignature(path)
                    || Digest(hex: name).map { path == BundleLayout.blobPath($0) } == true
                guard isOurs, !wanted.contains(path), let size = try target.size(of: path) else { continue }
                stale.append((path, size))
            }
        }
        return stale
    }

    /// - Throws: `FileError` with code `noSpace`.
    func checkRoom(for files: [SignedFiles.File], freeing stale: [(path: String, size: Int64)]) throws(FileError) {
        let free = try target.freeSpace()
        func room(_ size: Int64) -> Int64 { (size + free.block - 1) / free.block * free.block }
        // Folders grow as well.
        let needed = files.reduce(free.block * 8) { $0 + room($1.sum.size) }
        let available = stale.reduce(free.bytes) { $0 + room($1.size) }
        guard needed > available || Int64(files.count) + 8 > free.inodes else { return }
        throw FileError(
            .noSpace,
            "writing to '\(target.path)': \(needed) bytes are needed, and the volume has room for \(available); "
                + "remove what is not needed there, or take a larger stick")
    }

    /// Removes what `stale` found, so that STATEMENT is gone before anything else is.
    func remove(_ stale: [(path: String, size: Int64)]) throws(FileError) {
        for (path, _) in stale {
            try target.remove(path)
            if path == BundleLayout.statement { try target.sync() }
        }
        if !stale.isEmpty { try target.syncFileSystem() }
    }

    /// Writes a file under its final name, durably.
    ///
    /// - Throws: `BundleError` with code `damaged` when the source is not what was signed; `FileError`.
    func write(_ file: SignedFiles.File, syncInterval: Int64, advance: (Int64) -> Void) throws {
        let (folder, name) = PathText.split(file.path)
        let directory = folder == "." ? target : try target.makeSubdirectory(folder)
        // It is wrong, and its room may be needed.
        if try target.exists(file.path) { try target.remove(file.path) }
        let input = try source.openFile(file.path)
        input.expectSequentialReading()
        // FAT has no permissions that could be set.
        var output = try directory.makeTemporaryFile(mode: 0o644)
        var hasher = SHA256Hasher()
        var unsynced: Int64 = 0
        try unsafe input.forEachChunk { chunk in
            unsafe hasher.update(chunk)
            try unsafe output.append(chunk)
            unsynced += Int64(chunk.count)
            guard unsynced >= syncInterval else { return }
            try output.sync()
            advance(unsynced)
            unsynced = 0
        }
        guard hasher.finish() == file.sum.digest else {
            throw BundleError(
                .damaged,
                "reading '\(source.path)/\(file.path)': its bytes are not those that were signed; fetch it again")
        }
        try output.commit(as: name, mode: nil)
        advance(unsynced)
    }

    /// Whether the stick gives back a file as it was signed.
    func isRight(_ file: SignedFiles.File, advance: (Int64) -> Void) throws -> Bool {
        let copy = try target.openFile(file.path)
        copy.forgetCachedContents()
        copy.expectSequentialReading()
        var hasher = SHA256Hasher()
        try unsafe copy.forEachChunk { chunk in
            unsafe hasher.update(chunk)
            advance(Int64(chunk.count))
        }
        return hasher.finish() == file.sum.digest
    }

    /// What to tell of a file that is not right after it was written anew.
    func wrong(_ file: SignedFiles.File) -> DeliveryError {
        DeliveryError(
            .damaged,
            "verifying '\(target.path)/\(file.path)': it comes back with other bytes than were written; take another stick"
        )
    }
}
