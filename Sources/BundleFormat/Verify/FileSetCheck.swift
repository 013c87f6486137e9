import Cryptography
import DurableFiles
import OCI

/// Compares the files that lie in a bundle with those that its manifest and its sums name.
///
/// Spec: docs/format.md sections 2 and 4.
struct FileSetCheck {
    /// What is wrong.
    private(set) var faults: [Fault] = []
    /// The packs that are not here and need not be, by number.
    private(set) var elsewhere: [Int: BundlePack.Place] = [:]
    /// The packs whose files are absent or of the wrong size, by number.
    private(set) var unusablePacks: Set<Int> = []

    private var found: [String: DirectoryEntry] = [:]
    private var expected: Set<String> = []

    /// Compares.
    ///
    /// - Parameters:
    ///   - folder: The bundle.
    ///   - manifest: Its manifest; nil when that is damaged.
    ///   - checksums: Its sums; nil when they are damaged.
    /// - Throws: `BundleError` when the folder cannot be read.
    init(folder: any ReadableFolder, manifest: BundleManifest?, checksums: ChecksumList?) throws(BundleError) {
        do throws(FileError) {
            for entry in try folder.entries(limit: BundleLayout.maximumFileCount) { found[entry.path] = entry }
        } catch {
            throw BundleError(error)
        }
        expect(BundleLayout.statement, size: nil)
        expect(BundleLayout.checksums, size: nil)
        expect(BundleLayout.manifest, size: nil)
        expect(BundleLayout.readme, size: nil)
        if let manifest { expectBlobs(of: manifest) }
        if let checksums { compare(checksums, with: manifest) }
        if manifest != nil || checksums != nil { findExtras() }
        checkReadme(folder, checksums)
        if manifest == nil, let checksums { checkBlobs(folder, checksums) }
    }

    private mutating func expect(_ path: String, size: Int64?, isOptional: Bool = false) {
        guard expected.insert(path).inserted else { return }
        guard let entry = found[path] else {
            if !isOptional { faults.append(Fault(.missing, path: path, "is missing")) }
            return
        }
        if entry.kind != .file {
            faults.append(Fault(.notAFile, path: path, "is no regular file"))
        } else if let size, entry.size != size {
            faults.append(Fault(.size, path: path, "has \(entry.size) bytes instead of \(size)"))
        }
    }

    private mutating func expectBlobs(of manifest: BundleManifest) {
        for document in manifest.documents { expect(BundleLayout.blobPath(document.digest), size: document.size) }
        expect(BundleLayout.blobPath(manifest.index.digest), size: manifest.index.size)
        for (number, pack) in manifest.packs.enumerated() {
            let path = BundleLayout.blobPath(pack.digest)
            if case .bundle = pack.place {
                // Where it lies here as well, it is an extra file.
                elsewhere[number] = pack.place
                continue
            }
            if pack.place != .here, found[path] == nil {
                elsewhere[number] = pack.place
                expected.insert(path)
                continue
            }
            let count = faults.count
            expect(path, size: pack.size)
            if faults.count > count { unusablePacks.insert(number) }
        }
    }

    private mutating func compare(_ checksums: ChecksumList, with manifest: BundleManifest?) {
        guard let manifest else {
            for path in checksums.digests.keys.sorted() { expect(path, size: nil) }
            return
        }
        var named: Set<String> = [BundleLayout.manifest, BundleLayout.readme]
        named.formUnion(manifest.documents.map { BundleLayout.blobPath($0.digest) })
        named.insert(BundleLayout.blobPath(manifest.index.digest))
        for pack in manifest.packs {
            if case .bundle = pack.place { continue }
            named.insert(BundleLayout.blobPath(pack.digest))
        }
        for path in named.symmetricDifference(checksums.digests.keys).sorted() {
            let place = checksums.digests[path] == nil ? "SHA256SUMS" : "manifest.json"
            faults.append(Fault(.content, path: path, "is not in \(place), which contradicts the other list"))
        }
    }

    private mutating func findExtras() {
        for (path, entry) in found.sorted(by: { $0.key < $1.key }) where !expected.contains(path) {
            if BundleLayout.folders.contains(path) {
                if entry.kind != .directory { faults.append(Fault(.notAFile, path: path, "is no folder")) }
            } else if BundleLayout.isSignature(path) {
                if entry.kind != .file { faults.append(Fault(.notAFile, path: path, "is no regular file")) }
            } else {
                faults.append(Fault(.extra, path: path, "does not belong to the bundle"))
            }
        }
    }

    /// Where the manifest is damaged, the sums still tell which other files are.
    private mutating func checkBlobs(_ folder: any ReadableFolder, _ checksums: ChecksumList) {
        for (path, digest) in checksums.digests.sorted(by: { $0.key < $1.key })
        where path == BundleLayout.blobPath(digest) && found[path]?.kind == .file {
            do {
                var hasher = SHA256Hasher()
                try unsafe folder.openFile(path).forEachChunk { chunk in unsafe hasher.update(chunk) }
                guard hasher.finish() != digest else { continue }
                faults.append(Fault(.digest, path: path, "its bytes are not those that were signed"))
            } catch {
                faults.append(Fault(.digest, path: path, "\(error)"))
            }
        }
    }

    private mutating func checkReadme(_ folder: any ReadableFolder, _ checksums: ChecksumList?) {
        guard let digest = checksums?.digests[BundleLayout.readme], found[BundleLayout.readme]?.kind == .file else {
            return
        }
        do throws(FileError) {
            let bytes = try folder.readFile(BundleLayout.readme, limit: 1 << 20)
            if SHA256Hasher.digest(of: bytes) != digest {
                faults.append(Fault(.digest, path: BundleLayout.readme, "its bytes are not those that were signed"))
            }
        } catch {
            faults.append(Fault(.digest, path: BundleLayout.readme, error.message))
        }
    }
}
