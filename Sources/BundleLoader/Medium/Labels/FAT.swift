import DurableFiles

extension DeviceContents {
    /// The label of a FAT file system: of its root directory, or else of its boot sector, which some systems never change.
    ///
    /// Spec: Microsoft's FAT32 File System Specification 1.03, and ECMA-107.
    func fatLabels() throws(FileError) -> [String] {
        guard let boot = try record(at: 0, count: 512), Self.isFAT(boot) else { return [] }
        let sectorSize = boot.number16(11)
        let table = boot.number16(14) * sectorSize
        let isWide = boot.number16(22) == 0
        let tableSectors = isWide ? boot.number32(36) : boot.number16(22)
        let data = table + Int64(boot[16]) * tableSectors * sectorSize
        let entries: [DeviceRecord]
        if isWide {
            let chain = ClusterChain(
                table: table, data: data, clusterSize: sectorSize * Int64(boot[13]), mask: 0xFFF_FFFF)
            entries = try chain.entries(from: boot.number32(44) & chain.mask, in: self)
        } else {
            let size = min(Int(boot.number16(17)) * 32, ClusterChain.directoryLimit)
            entries = try record(at: data, count: size)?.entries ?? []
        }
        if let label = Self.fatLabel(entries) { return [label] }
        let signature = isWide ? 66 : 38
        guard boot[signature] == 0x29 else { return [] }
        let label = boot.text(signature + 5..<signature + 16)
        return label == "NO NAME" ? [] : [label]
    }

    /// Boot sectors of other file systems, and partition tables, end with the same two bytes.
    private static func isFAT(_ boot: DeviceRecord) -> Bool {
        boot[510] == 0x55 && boot[511] == 0xAA && (boot[0] == 0xEB || boot[0] == 0xE9)
            && [512, 1024, 2048, 4096].contains(boot.number16(11)) && boot[13].nonzeroBitCount == 1
            && boot.number16(14) > 0 && (1...2).contains(boot[16]) && boot[21] >= 0xF0
            && (boot.number16(22) > 0 || boot.number32(36) > 0)
    }

    /// The entry with the attribute of a label, which parts of long names have as well, among others.
    private static func fatLabel(_ entries: [DeviceRecord]) -> String? {
        for entry in entries {
            if entry[0] == 0 { break }
            if entry[0] != 0xE5, entry[11] & 0x18 == 0x08, entry[11] & 0x3F != 0x0F { return entry.text(0..<11) }
        }
        return nil
    }
}
