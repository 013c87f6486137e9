import DurableFiles

/// The files of an ISO 9660 image by one of its trees of names, and where their contents lie; nothing in it is believed.
///
/// Spec: ECMA-119 § 9.1, SUSP § 5.1, RRIP § 4.1.4, Joliet § 3.
struct DiscTree {
    /// Where the contents of a file lie, in one piece.
    struct Place: Equatable {
        let offset: Int64
        var size: Int64
        var end: Int64 { offset + size }
    }

    /// The files by their paths, without a slash before; links and devices count as empty files.
    private(set) var files: [String: Place] = [:]
    private let file: ReadableFile
    private let isJoliet: Bool

    private static let maximumCount = 1 << 20

    /// Reads a tree.
    ///
    /// - Parameters:
    ///   - file: The image.
    ///   - root: The volume descriptor.
    ///   - isJoliet: Whether it is that of Joliet.
    /// - Throws: `FileError`, or `DeliveryError` with code `damaged`.
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

    private func damaged(_ prefix: String, _ what: String) -> DeliveryError {
        DeliveryError(.damaged, "reading '\(file.path)': its folder '/\(prefix)' \(what); use another image")
    }

    private mutating func walk(_ folder: Place, prefix: String, depth: Int) throws {
        guard depth <= 64, folder.size <= 64 << 20 else { throw damaged(prefix, "is too deep or too large") }
        let bytes = try file.read(at: folder.offset, count: Int(folder.size))
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
            guard let name = try name(identifier, record), !name.isEmpty, !name.contains("/") else {
                throw damaged(prefix, "has a file without a name")
            }
            let flags = record[record.startIndex + 25]
            let part = Self.place(record)
            if flags & 2 != 0 {
                try walk(part, prefix: prefix + name + "/", depth: depth + 1)
                continue
            }
            // A file of several extents is one where they lie in a row, as everybody writes them.
            if let whole = begun, whole.end != part.offset { throw damaged(prefix, "has a file in several places") }
            let whole = Place(offset: begun?.offset ?? part.offset, size: (begun?.size ?? 0) + part.size)
            begun = flags & 0x80 != 0 ? whole : nil
            guard begun == nil else { continue }
            guard files.count < Self.maximumCount, files.updateValue(whole, forKey: prefix + name) == nil else {
                throw damaged(prefix, "has too many files, or two of one name")
            }
        }
    }

    private func name(_ identifier: ArraySlice<UInt8>, _ record: ArraySlice<UInt8>) throws -> String? {
        if isJoliet {
            let units = stride(from: identifier.startIndex, to: identifier.endIndex - 1, by: 2).map {
                UInt16(identifier[$0]) << 8 | UInt16(identifier[$0 + 1])
            }
            return Self.withoutVersion(String(decoding: units, as: UTF16.self))
        }
        let area = record.dropFirst(33 + identifier.count + (identifier.count % 2 == 0 ? 1 : 0))
        return try rockRidgeName(area) ?? Self.withoutVersion(String(decoding: identifier, as: UTF8.self))
    }

    /// The name in the system use area of a record and its continuations; nil where it has none.
    private func rockRidgeName(_ area: ArraySlice<UInt8>) throws -> String? {
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
            guard let next, next.size <= 1 << 16 else { break }
            area = try file.read(at: next.offset, count: Int(next.size))[...]
        }
        return name.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func withoutVersion(_ name: String) -> String {
        guard let semicolon = name.lastIndex(of: ";") else { return name }
        return String(name[..<semicolon])
    }
}
