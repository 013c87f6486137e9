import BundleFormat
import Console
import DurableFiles
import Engines
import OCI

/// The bundles that decide what goes: current ones, and older ones that were named.
///
/// Spec: docs/loading.md section 10.1.
struct PrunedBundles {
    /// Everything that the current ones hold or name.
    private(set) var keptIDs: Set<Digest> = []
    private(set) var keptNames: Set<String> = []
    /// What the current ones call their images; an older one may have called another image so.
    private(set) var keptReferences: Set<String> = []
    /// Products and channels of all of them, as the journal writes them.
    private(set) var owners: Set<String> = []
    /// The images of the older ones.
    private(set) var old: [TargetImage] = []
    /// What people should know before they agree.
    private(set) var notes: [String] = []
    /// The current ones, as in receipts.
    private(set) var current: [Receipt.Bundle] = []

    /// - Throws: `LoadError` with code `notTrusted`, `damaged`, `notFound`, or `configuration` when an older bundle is newer.
    init(_ options: PruneOptions, floors: FloorStore?, listener: WorkListener) throws(LoadError) {
        for path in options.current {
            let files = try Self.files(path)
            let trusted = try TrustedBundle(files, trust: options.trust, floors: floors, listener: listener)
            current.append(trusted.receipt)
            if floors != nil, !trusted.isLoaded {
                notes.append(
                    "\(path) is current and was not loaded here as a whole; images that it names may be missing")
            }
            keep(try Self.images(files, trusted.statement))
        }
        for path in options.old {
            let files = try Self.files(path)
            let statement: Statement
            do throws(BundleError) { statement = try files.statement(trust: options.trust.keys).statement } catch {
                throw LoadError(error)
            }
            try refuseNewer(statement, path)
            owners.insert(statement.owner)
            old += try Self.images(files, statement)
        }
        owners.formUnion(current.map(\.statement.owner))
    }

    private mutating func keep(_ images: [TargetImage]) {
        for image in images {
            keptIDs.insert(image.root.descriptor.digest)
            for instance in image.instances {
                keptIDs.formUnion([instance.manifest.descriptor.digest, instance.config.descriptor.digest])
            }
            keptNames.formUnion(image.allNames)
            keptReferences.insert(image.image.reference)
        }
    }

    private func refuseNewer(_ statement: Statement, _ path: String) throws(LoadError) {
        let newer = current.map(\.statement).first {
            $0.owner == statement.owner && $0.version < statement.version
        }
        guard let newer else { return }
        throw LoadError(
            .configuration,
            "reading \(path): as an older bundle of \(statement.product) \(statement.channel) it has version "
                + "\(statement.version), and the current one only \(newer.version); exchange the two")
    }

    private static func files(_ path: String) throws(LoadError) -> BundleFiles {
        do throws(BundleError) { return try BundleFiles(path: path) } catch { throw LoadError(error) }
    }

    /// All images of a bundle, with those of its platforms that it has; no pack is read.
    private static func images(_ files: BundleFiles, _ statement: Statement) throws(LoadError) -> [TargetImage] {
        let bundle = try OpenedBundle(files, statement, state: nil)
        return try bundle.images(groups: Set(bundle.manifest.images.flatMap(\.groups)), only: [], platform: nil)
    }
}

extension TargetImage {
    /// The names that loads may give it.
    var allNames: [String] {
        image.names.filter { $0.tag != nil }.map(\.withoutDigest.description) + digestNames
    }
}
