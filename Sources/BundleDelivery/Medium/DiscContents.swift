import BundleFormat
import Cryptography
import DurableFiles

/// What is put into a disc image: folders of this machine, file by file, with what the bytes of each must be.
struct DiscContents {
    /// The files of one folder.
    struct Tree {
        /// The folder's absolute path.
        let source: String
        /// Whether its files may replace those of the base.
        let replaces: Bool
        /// Whether files that can be executed stay so; nothing in a bundle can, whatever a copy of it says.
        let keepsExecutables: Bool
        /// The files.
        var files: [File] = []
    }

    /// One file.
    struct File {
        /// Where it lies beneath the folder.
        let source: String
        /// Where it is put, without a slash before.
        let path: String
        /// What its bytes must be.
        let sum: FileSum
    }

    /// What means something to the program that writes the image.
    private static let special = Set("\"'\\*?[".utf8)

    /// Where everything that lands on targets is put.
    static let firstbootFolder = "bundle-firstboot"

    /// The folders, in the order in which they are put on.
    private(set) var trees: [Tree] = []
    /// Where the bundle lies: empty for the root.
    let bundleFolder: String

    /// What they take: each file fills whole sectors and has a record in each tree of names.
    var size: Int64 { trees.flatMap(\.files).reduce(0) { $0 + ($1.sum.size + 2047) / 2048 * 2048 + 1024 } }
    /// All files by their paths.
    var files: [String: FileSum] {
        Dictionary(trees.flatMap(\.files).map { ($0.path, $0.sum) }, uniquingKeysWith: { $1 })
    }

    /// - Parameters:
    ///   - bundle: The bundle's directory.
    ///   - signed: Its files.
    ///   - options: What else is put on.
    /// - Throws: `FileError`, or `DeliveryError` with code `usage`.
    init(bundle: String, signed: SignedFiles, options: DiscOptions) throws {
        bundleFolder = options.bundleFolder
        let prefix = bundleFolder.isEmpty ? "" : bundleFolder + "/"
        if let profile = options.base?.profile { try add(profile + "/medium", at: "", replaces: true) }
        if let firstboot = options.base?.firstboot {
            try add(firstboot, at: Self.firstbootFolder + "/", replaces: false)
        }
        try refuseCollisions(with: prefix.lowercased())
        let files = signed.all.map { File(source: $0.path, path: prefix + $0.path, sum: $0.sum) }
        let source = options.base == nil ? bundle : try Directory.realPath(bundle)
        trees.append(
            Tree(source: source, replaces: false, keepsExecutables: false, files: files))
    }

    /// Nothing else may lie in the bundle, and no file be put where another one is put; case does not count for Joliet.
    private func refuseCollisions(with bundle: String) throws(DeliveryError) {
        var taken: Set<String> = []
        for tree in trees {
            for file in tree.files {
                let path = file.path.lowercased()
                guard !path.hasPrefix(bundle) else {
                    throw DeliveryError(
                        .usage,
                        "'\(tree.source)/\(file.source)' would lie in the bundle; move it, or give another --folder")
                }
                guard taken.insert(path).inserted else {
                    throw DeliveryError(
                        .usage,
                        "'\(tree.source)/\(file.source)' would lie at '/\(file.path)', as another file does; keep one of them"
                    )
                }
            }
        }
    }

    /// Reads a folder, of regular files with plain names only.
    private mutating func add(_ source: String, at prefix: String, replaces: Bool) throws {
        let directory = try Directory(opening: source)
        var tree = Tree(source: try Directory.realPath(source), replaces: replaces, keepsExecutables: true)
        for entry in try directory.entries(limit: 100_000) where entry.kind != .directory {
            guard entry.kind == .file, !entry.path.utf8.contains(where: { Self.special.contains($0) }) else {
                throw DeliveryError(
                    .usage,
                    "'\(source)/\(entry.path)' is no regular file with a name of plain ASCII; remove or rename it"
                )
            }
            var hasher = SHA256Hasher()
            try unsafe directory.openFile(entry.path).forEachChunk { chunk in unsafe hasher.update(chunk) }
            tree.files.append(
                File(
                    source: entry.path, path: prefix + entry.path,
                    sum: FileSum(digest: hasher.finish(), size: entry.size)))
        }
        trees.append(tree)
    }
}
