/// Where everything lies in an image that is going to be written, and all of its bytes but those of the files.
///
/// ISO 9660 level 3 with Rock Ridge and Joliet; the same files give the same bytes. The files follow one another in the
/// order in which they are given, each from the start of a sector on, behind `head`.
///
/// Spec: ECMA-119 § 6 to 9, Joliet § 2 and 3.
public struct DiscLayout: Sendable {
    /// A file that is put into it.
    public struct File: Sendable {
        /// Where it is put, without a slash before: names of 1 to 100 characters of printable ASCII.
        public let path: String
        /// How many bytes it has.
        public let size: Int64

        /// A file of its parts.
        public init(path: String, size: Int64) {
            self.path = path
            self.size = size
        }
    }

    /// What stands before the first file: whole sectors.
    public let head: [UInt8]
    /// The image's size in bytes: `head`, the files, and blanks that drives may need to read the last of them.
    public let size: Int64

    /// How many bytes a file takes.
    public static func room(_ size: Int64) -> Int64 { sectors(size) * DiscVolume.sectorSize }

    private static func sectors(_ size: Int64) -> Int64 { (size + DiscVolume.sectorSize - 1) / DiscVolume.sectorSize }

    /// Drives read ahead, and those that wrote a track at once do not read its end; what others write as well.
    private static let blankSectors: Int64 = 150
    private static let systemSectors: Int64 = 16

    /// - Parameters:
    ///   - files: The files, of different paths.
    ///   - label: The label, 1 to 32 of `A-Z`, `0-9` and `_`.
    ///   - seconds: What all has as its time, since 1970.
    public init(files: [File], label: String, seconds: Int64) {
        let time = DiscTime(seconds: seconds)
        let names = DiscNames(files.map(\.path))
        var trees = [false, true].map { DiscDirectories(names, isJoliet: $0, time: time) }
        // Descriptors and their end, then tables and directories, then files.
        var next = Self.systemSectors + Int64(trees.count) + 1
        for position in trees.indices { next = trees[position].place(at: next) }
        let first = next
        var places: [DiscDirectories.Place] = []
        for file in files {
            places.append(DiscDirectories.Place(sector: next, size: file.size))
            next += Self.sectors(file.size)
        }
        let total = next + Self.blankSectors

        var head = [UInt8](repeating: 0, count: Int(Self.systemSectors * DiscVolume.sectorSize))
        for tree in trees {
            head += DiscDescriptor(tree: tree, label: label, time: time, sectors: total).bytes
        }
        head += [255] + Array("CD001".utf8) + [1]
        head.padToSector()
        for tree in trees { head += tree.bytes(files: places) }
        precondition(head.count == Int(first * DiscVolume.sectorSize), "directories have the size that was planned")
        self.head = head
        size = total * DiscVolume.sectorSize
    }
}
