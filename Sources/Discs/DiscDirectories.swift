/// One tree of names of an image that is going to be written: its directories and path tables.
///
/// Spec: ECMA-119 § 6.8, 9.1 and 9.4.
struct DiscDirectories {
    /// Where something lies.
    struct Place {
        var sector: Int64
        var size: Int64
    }

    let isJoliet: Bool
    private let names: DiscNames
    private let identifiers: [[UInt8]]
    private let time: DiscTime
    /// The folders, as path tables have them: by level, by the number of the one above, by name.
    private var folders: [Int] = []
    /// Where each folder lies, by node.
    private var places: [Int: Place] = [:]
    /// Of the two path tables, which follow each other.
    private var firstTable: Int64 = 0

    init(_ names: DiscNames, isJoliet: Bool, time: DiscTime) {
        self.names = names
        self.isJoliet = isJoliet
        self.time = time
        identifiers = isJoliet ? names.jolietIdentifiers() : names.plainIdentifiers()
        folders = [0]
        var next = 0
        while next < folders.count {
            folders += children(of: folders[next]).filter { names.nodes[$0].file == nil }
            next += 1
        }
    }

    /// Gives tables and directories their places, from a sector on, and returns the one behind them.
    mutating func place(at sector: Int64) -> Int64 {
        firstTable = sector
        var next = sector + 2 * tableSectors
        for folder in folders {
            let records = records(of: folder, files: nil)
            places[folder] = Place(sector: next, size: Int64(records.count))
            next += Int64(records.count) / DiscVolume.sectorSize
        }
        return next
    }

    /// The size of a path table in bytes.
    var tableSize: Int { table(isBig: false).count }
    /// Where the table of little-endian numbers lies.
    var littleTable: Int64 { firstTable }
    /// Where the table of big-endian numbers lies.
    var bigTable: Int64 { firstTable + tableSectors }
    /// The root's record as descriptors have it.
    var rootRecord: [UInt8] {
        let root = places[0] ?? Place(sector: 0, size: 0)
        return DiscRecord(kind: .folder, identifier: DiscRecord.own, name: nil, time: time, links: nil)
            .bytes(sector: root.sector, size: root.size)
    }

    /// Tables and directories, in whole sectors.
    func bytes(files: [Place]) -> [UInt8] {
        var bytes: [UInt8] = []
        for isBig in [false, true] {
            bytes += table(isBig: isBig)
            bytes.padToSector()
        }
        for folder in folders { bytes += records(of: folder, files: files) }
        return bytes
    }

    private var tableSectors: Int64 { DiscLayout.room(Int64(tableSize)) / DiscVolume.sectorSize }

    private func children(of folder: Int) -> [Int] {
        names.nodes[folder].children.sorted { identifiers[$0].lexicographicallyPrecedes(identifiers[$1]) }
    }

    /// A directory; no record crosses the end of a sector.
    private func records(of folder: Int, files: [Place]?) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ record: DiscRecord, _ node: Int) {
            let place = names.nodes[node].file.map { files?[$0] } ?? places[node]
            let record = record.bytes(sector: place?.sector ?? 0, size: place?.size ?? 0)
            if bytes.count % DiscVolume.sector + record.count > DiscVolume.sector { bytes.padToSector() }
            bytes += record
        }
        let parent = names.nodes[folder].parent
        add(record(of: folder, DiscRecord.own, kind: folder == 0 ? .root : .folder), folder)
        add(record(of: parent, DiscRecord.above, kind: .folder), parent)
        for child in children(of: folder) {
            let kind: DiscRecord.Kind = names.nodes[child].file == nil ? .folder : .file
            add(record(of: child, identifiers[child], kind: kind, name: names.nodes[child].name), child)
        }
        bytes.padToSector()
        return bytes
    }

    private func record(
        of node: Int, _ identifier: [UInt8], kind: DiscRecord.Kind, name: String? = nil
    ) -> DiscRecord {
        // A folder has a name in the one above, one in itself, and one in each folder in it.
        let folders = names.nodes[node].children.count { names.nodes[$0].file == nil }
        let links = kind == .file ? 1 : 2 + folders
        return DiscRecord(kind: kind, identifier: identifier, name: name, time: time, links: isJoliet ? nil : links)
    }

    private func table(isBig: Bool) -> [UInt8] {
        let numbers = Dictionary(uniqueKeysWithValues: folders.enumerated().map { ($1, $0 + 1) })
        var bytes: [UInt8] = []
        for folder in folders {
            let sector = places[folder]?.sector ?? 0
            let parent = numbers[names.nodes[folder].parent] ?? 1
            bytes += [UInt8(identifiers[folder].count), 0]
            if isBig {
                bytes.appendBig32(sector)
                bytes.appendBig16(parent)
            } else {
                bytes.appendLittle32(sector)
                bytes += [UInt8(parent & 0xff), UInt8(truncatingIfNeeded: parent >> 8)]
            }
            bytes += identifiers[folder]
            bytes.padToEven()
        }
        return bytes
    }
}
