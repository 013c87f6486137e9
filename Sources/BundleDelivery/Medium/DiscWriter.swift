import BundleFormat
public import BundleLoader
public import Console
import Discs
import DurableFiles

/// Writes a bundle as a disc image, alone or into an image that boots, and checks what was written.
///
/// Spec: docs/medium.md section 2. Whatever happens, nothing that is not whole has the final name.
public struct DiscWriter: Sendable {
    private let path: String
    private let bundle: OpenedBundle
    private let options: DiscOptions
    private let listener: WorkListener

    /// What was written.
    public struct Summary: Sendable {
        /// How many bytes the image has.
        public let size: Int64
        /// Whether it carries a checksum of the medium.
        public let hasChecksum: Bool
    }

    /// A writer of its parts.
    ///
    /// - Parameters:
    ///   - path: The bundle's directory.
    ///   - bundle: The same, opened.
    ///   - options: What the image becomes.
    ///   - listener: Hears how far it has come.
    public init(path: String, bundle: OpenedBundle, options: DiscOptions, listener: WorkListener) {
        self.path = path
        self.bundle = bundle
        self.options = options
        self.listener = listener
    }

    /// Writes the image, and gives it its name when it is whole, checked and durable; blocks.
    ///
    /// What a killed run left beside the output is removed by the next one there.
    ///
    /// - Parameter output: Where nothing is.
    /// - Returns: What was written.
    /// - Throws: `DeliveryError`; `FileError`, as `noSpace`; `BundleError`.
    public func write(to output: String) throws -> Summary {
        try options.validate()
        let source = try BundleFiles(path: path).folder
        guard options.base == nil || source is Directory else {
            throw DeliveryError(
                .usage,
                "'\(path)' is an image, of which nothing can be put into another one; copy the bundle out of it first")
        }
        let signed = try SignedFiles(path: path, statement: bundle.statement)
        let contents = try DiscContents(bundle: path, signed: signed, options: options)
        let form = try form(of: contents, in: source)
        let place = try ExportOutput(path: output, isDirectory: false)
        do {
            try place.checkRoom(bytes: form.size, files: 8)
            listener.phase("write", form.size)
            let name = ExportOutput.archiveName
            try write(contents, form, to: name, in: place.partial)
            let volume = try DiscVolume(place.partial.openFile(name))
            listener.phase("check", volume.file.size)
            volume.file.forgetCachedContents()
            let checksum = try DiscCheck(volume, contents: contents).run { listener.advance($0) }
            if let checksum {
                let offset = volume.primaryOffset + Int64(DiscVolume.applicationArea.lowerBound)
                try place.partial.patchFile(name, at: offset, with: checksum)
            }
            try place.publish()
            return Summary(size: volume.file.size, hasChecksum: checksum != nil)
        } catch {
            place.discard()
            throw error
        }
    }

    /// What is going to be written, and how large it becomes at most.
    private enum Form {
        case alone(DiscImage)
        case injected(DiscProgram, base: DiscVolume, size: Int64)

        var size: Int64 {
            switch self {
            case .alone(let image): image.size
            case .injected(_, _, let size): size
            }
        }
    }

    private func form(of contents: DiscContents, in source: any ReadableFolder) throws -> Form {
        let created = bundle.statement.created
        guard let base = options.base else {
            let image = DiscImage(
                source: source, files: contents.trees.flatMap(\.files),
                label: options.label ?? DiscOptions.defaultLabel, created: created)
            return .alone(image)
        }
        let volume = try openBase(base.path)
        // What the program puts before and behind the files is less than a megabyte.
        return .injected(
            try DiscProgram(created: created), base: volume, size: contents.size + volume.file.size + (1 << 20))
    }

    private func write(_ contents: DiscContents, _ form: Form, to name: String, in directory: Directory) throws {
        switch form {
        case .alone(let image): try image.write(as: name, in: directory) { listener.advance($0) }
        case .injected(let program, let base, _):
            var written: Int64 = 0
            func advance() {
                let now = (try? directory.size(of: name)) ?? written
                listener.advance(now - written)
                written = now
            }
            try program.write(
                contents, options: options, base: base, created: bundle.statement.created, commands: "commands",
                to: name, in: directory, waiting: advance)
            try directory.syncFile(name)
            advance()
        }
    }

    /// The base, which must have nothing where the bundle and its loader are put.
    private func openBase(_ path: String) throws -> DiscVolume {
        let absolute = try Directory.realPath(path)
        let (folder, name) = PathText.split(absolute)
        let volume = try DiscVolume(Directory(opening: folder).openFile(name))
        let places = [options.bundleFolder] + (options.base?.firstboot == nil ? [] : [DiscContents.firstbootFolder])
        let files = try volume.rockRidge().files.keys
        for place in places.map({ $0.lowercased() }) {
            let taken = files.first { $0.lowercased() == place || $0.lowercased().hasPrefix(place + "/") }
            if let taken {
                throw DeliveryError(
                    .usage,
                    "'\(path)' has '/\(taken)' already, where the bundle or its loader is put; give another --folder or base"
                )
            }
        }
        return volume
    }
}
