import BundleFormat
import Discs
import DurableFiles

/// The image of a bundle alone: its files one after another, behind the names that lead to them.
///
/// Spec: docs/medium.md section 2. Copying is all that is done, so that writing it takes as long as copying the bundle.
struct DiscImage {
    private let source: any ReadableFolder
    private let files: [DiscContents.File]
    private let layout: DiscLayout

    /// The image's size in bytes.
    var size: Int64 { layout.size }

    /// An image that is going to be written.
    ///
    /// - Parameters:
    ///   - source: The bundle.
    ///   - files: Its files, in the order in which they shall lie.
    ///   - label: The volume's label.
    ///   - created: What all has as its time.
    init(source: any ReadableFolder, files: [DiscContents.File], label: String, created: Timestamp) {
        self.source = source
        self.files = files
        layout = DiscLayout(
            files: files.map { DiscLayout.File(path: $0.path, size: $0.sum.size) }, label: label,
            seconds: created.seconds)
    }

    /// Writes the image, and returns when it is durable.
    ///
    /// - Throws: `FileError`, as `noSpace`; `BundleError` with code `damaged` when a file is not as long as it was.
    func write(as name: String, in directory: Directory, advance: (Int64) -> Void) throws {
        var image = try directory.makeTemporaryFile()
        try image.append(layout.head)
        advance(image.written)
        for file in files {
            let input = try source.openFile(file.source)
            guard input.size == file.sum.size else {
                throw BundleError(
                    .damaged,
                    "reading '\(input.path)': it has \(input.size) bytes, of which \(file.sum.size) were signed")
            }
            try image.append(contentsOf: input, advance: advance)
            try image.append(zeros: DiscLayout.room(file.sum.size) - file.sum.size)
        }
        try image.append(zeros: layout.size - image.written)
        try image.commit(as: name)
    }
}

extension TemporaryFile {
    fileprivate mutating func append(zeros count: Int64) throws(FileError) {
        try append([UInt8](repeating: 0, count: Int(count)))
    }
}
