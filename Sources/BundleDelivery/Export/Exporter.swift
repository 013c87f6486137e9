import BundleFormat
public import BundleLoader
public import Console
import DurableFiles
import Engines
public import OCI

/// Writes a bundle's images as files that other programs take; the same images are the same bytes.
///
/// Spec: docs/delivering.md section 4. Whatever happens, nothing that is not whole has the final name.
public struct Exporter: Sendable {
    private let bundle: OpenedBundle
    private let options: ExportOptions
    private let listener: WorkListener

    /// An export of its parts.
    public init(_ bundle: OpenedBundle, options: ExportOptions, listener: WorkListener) {
        self.bundle = bundle
        self.options = options
        self.listener = listener
    }

    /// Finds out what is to be written; blocks for a while where a layer must be decoded to know its size.
    ///
    /// - Parameters:
    ///   - groups: As for a load.
    ///   - images: Only these, by reference or name; empty for all that the groups allow.
    /// - Returns: What is to be written.
    /// - Throws: `LoadError`, `BundleError`, or `DeliveryError` with code `usage` when nothing is left to write.
    public func plan(groups: Set<String>, images: [Reference]) throws -> ExportPlan {
        let format = options.format
        let selected = try bundle.images(
            groups: groups, only: images, platform: format.isOfOnePlatform ? options.platform : nil)
        guard format.isOfOnePlatform else {
            let archive = ImageArchive(layoutOf: selected, namesReferrers: format == .ociLayout)
            return ExportPlan(
                shape: format == .ociArchive ? .archive : .layout, archives: [("", archive)],
                imageCount: selected.count, leftOut: [])
        }
        let kept = selected.filter { !$0.instances.contains(where: \.isArtifact) }
        let leftOut = selected.filter { $0.instances.contains(where: \.isArtifact) }.map(\.image.reference)
        guard !kept.isEmpty else {
            throw DeliveryError(
                .usage,
                "planning the export: only artifacts are selected, which \(format.rawValue) cannot hold; export them with --format oci-layout"
            )
        }
        let archives: [ImageArchive]
        switch format {
        case .k3s: archives = kept.map { ImageArchive(layoutOf: [$0.withoutIndex]) }
        case _ where options.isSplit:
            archives = try kept.map { try ImageArchive(forDocker: [$0], reader: bundle.reader) }
        case _:
            let archive = try ImageArchive(forDocker: kept, reader: bundle.reader)
            return ExportPlan(shape: .archive, archives: [("", archive)], imageCount: kept.count, leftOut: leftOut)
        }
        return ExportPlan(
            shape: .archives, archives: Array(zip(ExportPlan.fileNames(kept), archives)), imageCount: kept.count,
            leftOut: leftOut)
    }

    /// Writes what a plan says, and gives it its name when it is whole and durable.
    ///
    /// What a killed export left beside the path is removed by the next one there.
    ///
    /// - Parameters:
    ///   - plan: What is to be written.
    ///   - path: Where nothing is, or for what becomes a directory an empty one.
    /// - Throws: `DeliveryError` with code `usage` when something is at the path; `FileError`, as `noSpace`; `BundleError`.
    public func write(_ plan: ExportPlan, to path: String) async throws {
        let output = try ExportOutput(path: path, isDirectory: plan.isDirectory)
        do {
            try output.checkRoom(bytes: plan.size, files: plan.fileCount)
            try start(plan)
            for (name, archive) in plan.archives {
                switch plan.shape {
                case .archive: try await write(archive, to: ExportOutput.archiveName, in: output.partial)
                case .archives: try await write(archive, to: name, in: output.partial)
                case .layout: try await unpack(archive, into: output.partial)
                }
            }
            try output.publish()
        } catch {
            output.discard()
            throw error
        }
    }

    /// Hands over the bytes of a plan that becomes one file.
    ///
    /// - Throws: What `body` throws, or `BundleError`; the archive then lacks what names its images.
    public func write(_ plan: ExportPlan, _ body: (UnsafeRawBufferPointer) throws -> Void) async throws {
        precondition(!plan.isDirectory, "a directory cannot be handed over as bytes")
        try start(plan)
        for (_, archive) in plan.archives {
            try await unsafe archive.write(bundle.reader, jobs: options.jobs) { bytes in
                try unsafe body(bytes)
                listener.advance(Int64(bytes.count))
            }
        }
    }

    private func start(_ plan: ExportPlan) throws {
        listener.phase("export", plan.size)
        try bundle.reader.expect(plan.archives.flatMap(\.archive.entries).compactMap(\.layer))
    }

    private func write(_ archive: ImageArchive, to name: String, in directory: Directory) async throws {
        let file = ExportFile(try directory.makeTemporaryFile())
        try await unsafe archive.write(bundle.reader, jobs: options.jobs) { bytes in
            try unsafe file.append(bytes)
            listener.advance(Int64(bytes.count))
        }
        try file.commit(as: name)
    }

    /// Each file gets its name when it is whole; the index, which names the images, is the last one.
    private func unpack(_ archive: ImageArchive, into directory: Directory) async throws {
        _ = try directory.makeSubdirectory("blobs/sha256")
        for entry in archive.entries {
            let file = ExportFile(try directory.makeTemporaryFile())
            try await unsafe entry.read(bundle.reader, jobs: options.jobs) { bytes in
                try unsafe file.append(bytes)
                listener.advance(Int64(bytes.count))
            }
            try file.commit(as: entry.name)
        }
    }
}

/// A class, since closures that are called while a task waits cannot change what cannot be copied.
private final class ExportFile {
    private var file: TemporaryFile?

    init(_ file: consuming TemporaryFile) { self.file = consume file }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) { try unsafe file?.append(bytes) }

    func commit(as name: String) throws(FileError) {
        guard let file = file.take() else { return }
        try file.commit(as: name)
    }
}

extension TargetImage {
    /// The image as the manifest of its one platform; k3s wants everything that an index refers to.
    fileprivate var withoutIndex: TargetImage {
        TargetImage(image: image, root: instances[0].manifest, instances: instances)
    }
}
