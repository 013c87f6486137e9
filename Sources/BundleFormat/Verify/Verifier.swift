import Cryptography
import OCI

/// The integrity audit: checks everything that docs/format.md section 10 lists, and reports every fault it finds.
public struct Verifier: Sendable {
    /// How much is checked.
    public enum Depth: String, Sendable {
        /// Every stored byte against what was signed.
        case quick
        /// Also what the bytes decompress to: every stream, blob and diffID.
        case full
    }

    /// The bundle's directory, or the image that it lies in.
    public let path: String
    /// Whose signatures count.
    public let trust: TrustPolicy
    /// How much is checked.
    public let depth: Depth
    /// How many cores are used.
    public let jobs: Int

    /// A verification of its parts.
    public init(path: String, trust: TrustPolicy, depth: Depth, jobs: Int) {
        self.path = path
        self.trust = trust
        self.depth = depth
        self.jobs = jobs
    }

    /// Verifies the bundle; reads it only.
    ///
    /// Memory is bounded by the small files, 64 MiB, and for each of `jobs` about 40 MiB and four encoders.
    ///
    /// - Parameter progress: Called from any thread with bytes done since the last call, and bytes in all.
    /// - Returns: The report, also when there are faults.
    /// - Throws: `BundleError` with code `notTrusted`, `notFound`, `unsupported`, or `damaged` when there is no statement.
    public func run(progress: @escaping @Sendable (_ done: Int64, _ total: Int64) -> Void) async throws
        -> VerificationReport
    {
        let files = try BundleFiles(path: path)
        let (statement, signers, signatureFaults) = try files.statement(trust: trust)
        var faults = signatureFaults
        func noting<Value>(_ path: String, _ body: () throws(BundleError) -> Value) throws(BundleError) -> Value? {
            do throws(BundleError) { return try body() } catch {
                if error.code == .unsupported { throw error }
                faults.append(Fault(.content, path: path, error.message))
                return nil
            }
        }
        let manifest = try noting(BundleLayout.manifest) { () throws(BundleError) in try files.manifest(statement) }
        let checksums = try noting(BundleLayout.checksums) { () throws(BundleError) in try files.checksums(statement) }
        let fileSet = try FileSetCheck(folder: files.folder, manifest: manifest, checksums: checksums)
        faults += fileSet.faults
        var bytesRead = statement.manifest.size + statement.checksums.size

        if let manifest {
            var documents: [Digest: [UInt8]] = [:]
            var damaged: [Fault] = []
            for document in manifest.documents {
                do throws(BundleError) {
                    documents[document.digest] = try files.document(document)
                    bytesRead += document.size
                } catch {
                    damaged.append(Fault(.digest, path: BundleLayout.blobPath(document.digest), error.message))
                }
            }
            let closure = ImageClosure(manifest: manifest, documents: documents)
            for (number, document) in manifest.documents.enumerated() where documents[document.digest] == nil {
                let path = BundleLayout.blobPath(document.digest)
                guard let position = damaged.firstIndex(where: { $0.path == path }) else { continue }
                damaged[position].images = closure.imagesByDocument[manifest.documents[number].digest]?.sorted() ?? []
            }
            faults += damaged + closure.faults
            bytesRead += manifest.index.size
            let index = try noting(BundleLayout.blobPath(manifest.index.digest)) { () throws(BundleError) in
                try files.index(manifest)
            }
            if let index {
                let contents = ContentCheck(
                    files: files, manifest: manifest, index: index, closure: closure, fileSet: fileSet)
                faults += await contents.run(depth: depth, jobs: jobs, progress: progress)
                bytesRead += contents.storedSize
            }
        }
        return VerificationReport(
            statement: statement, statementDigest: SHA256Hasher.digest(of: statement.bytes()), signers: signers,
            depth: depth, faults: Self.withoutRepetition(faults), elsewhere: fileSet.elsewhere,
            imageCount: manifest?.images.count ?? 0, layerCount: manifest?.layers.count ?? 0, bytesRead: bytesRead)
    }

    /// A file that is missing is not also reported as unreadable.
    private static func withoutRepetition(_ faults: [Fault]) -> [Fault] {
        let absent = Set(faults.filter { [.missing, .notAFile, .size].contains($0.kind) }.compactMap(\.path))
        var images: [String: [String]] = [:]
        var result: [Fault] = []
        for fault in faults {
            if let path = fault.path, absent.contains(path), [.digest, .content].contains(fault.kind) {
                images[path, default: []] += fault.images
            } else {
                result.append(fault)
            }
        }
        return result.map { fault in
            guard let path = fault.path, let more = images[path], fault.images.isEmpty else { return fault }
            var fault = fault
            fault.images = more
            return fault
        }
    }
}
