/// A volume descriptor as it is written: the primary one, or that of Joliet.
///
/// Spec: ECMA-119 § 8.4 and 8.5, Joliet § 2.
struct DiscDescriptor {
    let tree: DiscDirectories
    let label: String
    let time: DiscTime
    /// How many sectors the volume has.
    let sectors: Int64

    /// One sector.
    var bytes: [UInt8] {
        var bytes: [UInt8] = [tree.isJoliet ? 2 : 1] + Array("CD001".utf8) + [1, 0]
        bytes += text("LINUX", 32) + text(label, 32) + zeros(8)
        bytes.appendBoth32(sectors)
        bytes += tree.isJoliet ? Array("%/E".utf8) + zeros(29) : zeros(32)
        // One volume, of which this is the first.
        bytes.appendBoth16(1)
        bytes.appendBoth16(1)
        bytes.appendBoth16(DiscVolume.sector)
        bytes.appendBoth32(Int64(tree.tableSize))
        bytes.appendLittle32(tree.littleTable)
        bytes += zeros(4)
        bytes.appendBig32(tree.bigTable)
        bytes += zeros(4) + tree.rootRecord
        // Set of volumes, publisher, preparer, application; three files that are not there.
        for length in [128, 128, 128, 128, 37, 37, 37] { bytes += text("", length) }
        bytes += time.long + time.long + DiscTime.none + DiscTime.none + [1]
        bytes.padToSector()
        return bytes
    }

    private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    /// Text, cut off where there is no room, and blanks behind it.
    private func text(_ text: String, _ length: Int) -> [UInt8] {
        guard tree.isJoliet else {
            return Array(text.utf8.prefix(length)) + [UInt8](repeating: 0x20, count: max(0, length - text.utf8.count))
        }
        let units =
            text.utf16.prefix(length / 2) + [UInt16](repeating: 0x20, count: max(0, length / 2 - text.utf16.count))
        return units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] } + zeros(length % 2)
    }
}
