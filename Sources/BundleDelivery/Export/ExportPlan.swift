import BundleFormat
import Engines
import OCI

/// What an export is going to write.
public struct ExportPlan: Sendable {
    enum Shape {
        /// One tar.
        case archive
        /// A directory of tars.
        case archives
        /// A directory of what a tar would hold.
        case layout
    }

    let shape: Shape
    /// The archives with the names of their files, which matter in a directory.
    let archives: [(name: String, archive: ImageArchive)]
    /// How many images there are.
    public let imageCount: Int
    /// The artifacts that the format cannot hold, by reference.
    public let leftOut: [String]

    /// Whether it becomes a directory.
    public var isDirectory: Bool { shape != .archive }

    /// How many bytes there are to write, framing included.
    public var size: Int64 { archives.reduce(0) { $0 + $1.archive.size } }

    /// How many files it becomes.
    var fileCount: Int { shape == .layout ? archives.reduce(0) { $0 + $1.archive.entries.count } : archives.count }

    /// Names for the files of images: their first names, with `+` for `/` and `=` for `:` and `@`; each once, whatever the case.
    static func fileNames(_ images: [TargetImage]) -> [String] {
        var taken: Set<String> = []
        return images.map { image in
            let text = image.image.names.first?.description ?? image.image.reference
            let plain = text.map { character -> Character in
                switch character {
                case "/": "+"
                case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": character
                default: "="
                }
            }
            let base = String(plain.prefix(200))
            var name = base
            var number = 1
            while !taken.insert(name.lowercased()).inserted {
                number += 1
                name = "\(base)=\(number)"
            }
            return name + ".tar"
        }
    }
}
