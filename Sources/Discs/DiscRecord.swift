/// The records of directories, and the numbers in them, as they are written.
///
/// Spec: ECMA-119 § 7 and 9.1, SUSP § 5, RRIP § 4.1.
struct DiscRecord {
    /// What the record is of.
    enum Kind: Equatable {
        case file
        case folder
        /// The root's own record, which says that the tree has Rock Ridge.
        case root
    }

    let kind: Kind
    /// The name as the tree has it; one byte for the folder itself and the one above it.
    let identifier: [UInt8]
    /// The name by Rock Ridge; nil for the folder itself and the one above it, and in other trees.
    let name: String?
    let time: DiscTime
    /// How many names the file or folder has; nil in a tree without Rock Ridge.
    let links: Int?

    /// The folder itself.
    static let own: [UInt8] = [0]
    /// The folder above.
    static let above: [UInt8] = [1]

    /// The record of what lies there.
    func bytes(sector: Int64, size: Int64) -> [UInt8] {
        var record: [UInt8] = [0, 0]
        record.appendBoth32(sector)
        record.appendBoth32(size)
        record += time.short
        // A folder; no interleaving.
        record += [kind == .file ? 0 : 2, 0, 0]
        record.appendBoth16(1)
        record.append(UInt8(identifier.count))
        record += identifier
        record.padToEven()
        record += systemUse
        record.padToEven()
        record[0] = UInt8(record.count)
        return record
    }

    private var systemUse: [UInt8] {
        guard let links else { return [] }
        var area: [UInt8] = []
        if kind == .root { area += Array("SP".utf8) + [7, 1, 0xbe, 0xef, 0] }
        // Everybody may read, root owns it.
        area += Array("PX".utf8) + [36, 1]
        area.appendBoth32(kind == .file ? 0o100444 : 0o040555)
        area.appendBoth32(Int64(links))
        area += [UInt8](repeating: 0, count: 16)
        // Of changes, of reading, and of changes to what it is.
        area += Array("TF".utf8) + [26, 1, 0b1110] + time.short + time.short + time.short
        if let name { area += Array("NM".utf8) + [UInt8(5 + name.utf8.count), 1, 0] + Array(name.utf8) }
        if kind == .root {
            let id = Array("RRIP_1991A".utf8)
            area += Array("ER".utf8) + [UInt8(8 + id.count), 1, UInt8(id.count), 0, 0, 1] + id
        }
        return area
    }
}

extension [UInt8] {
    mutating func appendLittle32(_ value: Int64) {
        for shift in stride(from: 0, to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func appendBig32(_ value: Int64) {
        for shift in stride(from: 24, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func appendBig16(_ value: Int) { self += [UInt8(truncatingIfNeeded: value >> 8), UInt8(value & 0xff)] }

    mutating func appendBoth32(_ value: Int64) {
        appendLittle32(value)
        appendBig32(value)
    }

    mutating func appendBoth16(_ value: Int) {
        self += [UInt8(value & 0xff), UInt8(truncatingIfNeeded: value >> 8)]
        appendBig16(value)
    }

    mutating func padToEven() { if count % 2 != 0 { append(0) } }

    /// Adds zeros up to the end of the sector.
    mutating func padToSector() {
        self += [UInt8](repeating: 0, count: (DiscVolume.sector - count % DiscVolume.sector) % DiscVolume.sector)
    }
}
