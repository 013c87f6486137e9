import BundleFormat
public import BundleLoader
public import Console
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
    /// - Throws: `DeliveryError`; `FileError`, as `noSpace`; `BundleError`.
    public func write(to output: String) throws -> Summary {
        try options.validate()
        let created = bundle.statement.created
        let program = try DiscProgram(created: created)
        let signed = try SignedFiles(path: path, statement: bundle.statement)
        let contents = try DiscContents(bundle: path, signed: signed, options: options)
        let base = try options.base.map { try openBase($0.path) }
        let place = try ExportOutput(path: output, isDirectory: false)
        do {
            // What the program puts before and behind the files is less than a megabyte.
            let size = contents.size + (base?.file.size ?? 0) + (1 << 20)
            try place.checkRoom(bytes: size, files: 8)
            listener.phase("write", size)
            var written: Int64 = 0
            let name = ExportOutput.archiveName
            try program.write(
                contents, options: options, base: base, created: created, commands: "commands", to: name,
                in: place.partial
            ) {
                let now = (try? place.partial.size(of: name)) ?? written
                listener.advance(now - written)
                written = now
            }
            try place.partial.syncFile(name)
            let volume = try DiscVolume(path: place.partial.path + "/" + name)
            listener.advance(volume.file.size - written)
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

    /// The base, which must have nothing where the bundle and its loader are put.
    private func openBase(_ path: String) throws -> DiscVolume {
        let volume = try DiscVolume(path: path)
        let places = [options.bundleFolder] + (options.base?.firstboot == nil ? [] : [DiscContents.firstbootFolder])
        for place in places {
            let taken = try volume.rockRidge().files.keys.first { file in
                file.lowercased() == place.lowercased() || file.lowercased().hasPrefix(place.lowercased() + "/")
            }
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
