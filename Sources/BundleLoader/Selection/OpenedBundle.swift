public import BundleFormat
public import Console
import DurableFiles
public import Engines
public import OCI

/// A bundle that was verified and accepted, open for reading: what every delivery starts with.
///
/// Every document and layer that it gives was compared with its digest.
public struct OpenedBundle: Sendable {
    /// What was signed.
    public let statement: Statement
    /// What the bundle holds.
    public let manifest: BundleManifest
    /// Gives the layers.
    public let reader: LayerReader
    let documents: DocumentStore
    private let files: BundleFiles

    /// Opens a bundle from which nothing will be installed here, so that no rollback floor counts.
    ///
    /// - Parameters:
    ///   - path: Its directory.
    ///   - trust: Whose signatures count, and the policy.
    ///   - listener: Hears who signed, and warnings.
    /// - Throws: `LoadError` with code `notTrusted`, `damaged` or `notFound`.
    public init(path: String, trust: TrustStore, listener: WorkListener) throws(LoadError) {
        let files: BundleFiles
        do throws(BundleError) { files = try BundleFiles(path: path) } catch { throw LoadError(error) }
        let trusted = try TrustedBundle(files, trust: trust, floors: nil, listener: listener)
        try self.init(files, trusted.statement, state: nil)
        try checkPacks()
    }

    /// - Parameters:
    ///   - files: The bundle.
    ///   - statement: Its statement, verified.
    ///   - state: Where copies of documents are kept; nil for nowhere.
    /// - Throws: `LoadError`.
    init(_ files: BundleFiles, _ statement: Statement, state: Directory?) throws(LoadError) {
        self.files = files
        self.statement = statement
        do throws(BundleError) { manifest = try files.manifest(statement) } catch { throw LoadError(error) }
        documents = try DocumentStore(files: files, manifest: manifest, state: state)
        reader = LayerReader(files: files, manifest: manifest)
    }

    /// The images that a target gets, in loading order, with their documents.
    ///
    /// - Parameters:
    ///   - groups: The groups that the target belongs to.
    ///   - only: Only these images, by reference or name; empty for all that the groups allow.
    ///   - platform: What the target runs; nil where all platforms are delivered.
    /// - Returns: Their documents and layers.
    /// - Throws: `LoadError` with code `notFound` or `damaged`.
    public func images(
        groups: Set<String>, only: [Reference], platform: Platform?
    ) throws(LoadError) -> [TargetImage] {
        try ImageSelection(groups: groups, only: only, platform: platform).images(of: manifest, documents: documents)
    }

    /// A medium whose copying was cut off is noticed before anything is sent.
    func checkPacks() throws(LoadError) {
        for (number, pack) in manifest.packs.enumerated() {
            guard pack.place == .here else {
                throw LoadError(
                    .notFound,
                    "reading the bundle: pack \(number) lies on another volume or in another bundle; "
                        + "put all packs into one directory")
            }
            let size: Int64?
            do throws(FileError) { size = try files.folder.size(of: BundleLayout.blobPath(pack.digest)) } catch {
                throw LoadError(error)
            }
            guard size == pack.size else {
                throw LoadError(
                    .damaged,
                    "reading the bundle: pack \(number) has \(size.map { "\($0)" } ?? "no") of \(pack.size) bytes; "
                        + "copy the bundle again")
            }
        }
    }
}
