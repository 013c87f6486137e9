import DurableFiles

/// The files of an ISO 9660 image by one of its trees of names, and where their contents lie; nothing in it is believed.
///
/// Spec: ECMA-119 § 9.1, SUSP § 5.1, RRIP § 4.1.4, Joliet § 3.
public struct DiscTree: Sendable {
    /// Where the contents of a file lie, in one piece.
    public struct Place: Equatable, Sendable {
        /// The first byte.
        public let offset: Int64
        /// How many bytes there are.
        public var size: Int64
        /// The byte behind the last one.
        public var end: Int64 { offset + size }
    }

    /// The files by their paths, without a slash before; links and devices count as empty files.
    public private(set) var files: [String: Place] = [:]
    /// The folders but the root, in the same form.
    public private(set) var folders: Set<String> = []
    /// Whether it has names that other trees than this one lack: those of Rock Ridge.
    private(set) var hasRockRidge = false
    private let file: ReadableFile
    private let isJoliet: Bool
    private var bytesRead: Int64 = 0

    private static let maximumCount = 1 << 18
    /// No medium that we are for has a fraction of that; an image that names its folders in circles ends there too.
    private static let maximumDirectorySize: Int64 = 64 << 20

    /// Reads a tree.
    ///
    /// - Parameters:
    ///   - file: The image.
    ///   - root: The volume descriptor.
    ///   - isJoliet: Whether it is that of Joliet.
    /// - Throws: `FileError`, or `DiscError` with code `damaged`.
    init(_ file: ReadableFile, root: [UInt8], isJoliet: Bool) throws {
        self.file = file
        self.isJoliet = isJoliet
        try walk(Self.place(root[156..<190]), prefix: "", depth: 0)
    }

    private static func place(_ record: ArraySlice<UInt8>) -> Place {
        // Behind its extended attributes.
        let sector = record.number32(2) + Int64(record[record.startIndex + 1])
        return Place(offset: sector * DiscVolume.sectorSize, size: record.number32(10))
    }

    private func damaged(_ prefix: String, _ what: String) -> DiscError {
        let folder = prefix.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } ? prefix : "…"
        return DiscError(.damaged, "reading '\(file.path)': its folder '/\(folder)' \(what); use another image")
    }

    private mutating func read(_ place: Place, _ prefix: String) throws -> [UInt8] {
        bytesRead += place.size
        guard bytesRead <= Self.maximumDirectorySize else { throw damaged(prefix, "and others are too large") }
        guard place.end <= file.size else { throw damaged(prefix, "lies outside of the image") }
        return try file.read(at: place.offset, count: Int(place.size))
    }

    private mutating func walk(_ folder: Place, prefix: String, depth: Int) throws {
        guard depth <= 64 else { throw damaged(prefix, "is too deep") }
        let bytes = try read(folder, prefix)
        var position = 0
        var begun: Place?
        while position < bytes.count {
            let length = Int(bytes[position])
            guard length > 0 else {
                // No record crosses the end of a sector.
                position = (position / 2048 + 1) * 2048
                continue
            }
            guard length >= 34, position + length <= bytes.count, 33 + Int(bytes[position + 32]) <= length else {
                throw damaged(prefix, "is damaged")
            }
            let record = bytes[position..<position + length]
            position += length
            let identifier = record.dropFirst(33).prefix(Int(record[record.startIndex + 32]))
            // The folder itself and the one above it.
            if identifier.count == 1, identifier.first.map({ $0 < 2 }) == true { continue }
            guard let name = try name(identifier, record, prefix), !name.isEmpty, name != ".", name != "..",
                !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
            else { throw damaged(prefix, "has a file whose name is none") }
            guard files.count + folders.count < Self.maximumCount else { throw damaged(prefix, "has too many files") }
            let path = prefix + name
            let flags = record[record.startIndex + 25]
            let part = Self.place(record)
            if flags & 2 != 0 {
                guard files[path] == nil, folders.insert(path).inserted else {
                    throw damaged(prefix, "has two files of one name")
                }
                try walk(part, prefix: path + "/", depth: depth + 1)
                continue
            }
            // A file of several extents is one where they lie in a row, as everybody writes them.
            if let whole = begun, whole.end != part.offset { throw damaged(prefix, "has a file in several places") }
            let whole = Place(offset: begun?.offset ?? part.offset, size: (begun?.size ?? 0) + part.size)
            begun = flags & 0x80 != 0 ? whole : nil
            guard begun == nil else { continue }
            guard !folders.contains(path), files.updateValue(whole, forKey: path) == nil else {
                throw damaged(prefix, "has two files of one name")
            }
        }
        guard begun == nil else { throw damaged(prefix, "has a file without its end") }
    }

    private mutating func name(
        _ identifier: ArraySlice<UInt8>, _ record: ArraySlice<UInt8>, _ prefix: String
    ) throws -> String? {
        if isJoliet {
            let units = stride(from: identifier.startIndex, to: identifier.endIndex - 1, by: 2).map {
                UInt16(identifier[$0]) << 8 | UInt16(identifier[$0 + 1])
            }
            return Self.withoutVersion(String(decoding: units, as: UTF16.self))
        }
        let area = record.dropFirst(33 + identifier.count + (identifier.count % 2 == 0 ? 1 : 0))
        if let name = try rockRidgeName(area, prefix) {
            hasRockRidge = true
            return name
        }
        return Self.withoutVersion(String(decoding: identifier, as: UTF8.self))
    }

    /// The name in the system use area of a record and its continuations; nil where it has none.
    private mutating func rockRidgeName(_ area: ArraySlice<UInt8>, _ prefix: String) throws -> String? {
        var name: [UInt8]?
        var area = area
        for _ in 0..<16 {
            var next: Place?
            while area.count >= 4 {
                let length = Int(area[area.startIndex + 2])
                guard length >= 4, length <= area.count else { break }
                let entry = area.prefix(length)
                area = area.dropFirst(length)
                if entry.starts(with: "NM".utf8), length >= 5 { name = (name ?? []) + entry.dropFirst(5) }
                if entry.starts(with: "CE".utf8), length >= 28 {
                    next = Place(
                        offset: entry.number32(4) * DiscVolume.sectorSize + entry.number32(12), size: entry.number32(20)
                    )
                }
                if entry.starts(with: "ST".utf8) { break }
            }
            // A continuation lies in one sector.
            guard let next, next.size <= DiscVolume.sectorSize else { break }
            area = try read(next, prefix)[...]
        }
        return name.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func withoutVersion(_ name: String) -> String {
        guard let semicolon = name.lastIndex(of: ";") else { return name }
        return String(name[..<semicolon])
    }
}
