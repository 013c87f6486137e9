import DurableFiles

extension DeviceContents {
    /// The label of an exFAT file system, which is an entry of its root directory.
    ///
    /// Spec: Microsoft's exFAT file system specification, sections 3.1 and 7.3.
    func exFATLabels() throws(FileError) -> [String] {
        guard let boot = try record(at: 0, count: 512), boot.has("EXFAT   ", at: 3), boot[510] == 0x55,
            boot[511] == 0xAA,
            (9...12).contains(boot[108]), boot[109] <= 25 - boot[108]
        else { return [] }
        let sectorSize = (1 as Int64) << Int64(boot[108])
        let chain = ClusterChain(
            table: boot.number32(80) * sectorSize, data: boot.number32(88) * sectorSize,
            clusterSize: sectorSize << Int64(boot[109]), mask: 0xFFFF_FFFF)
        for entry in try chain.entries(from: boot.number32(96), in: self) {
            if entry[0] == 0 { break }
            if entry[0] == 0x83 { return [entry.wideText(2..<2 + 2 * min(Int(entry[1]), 11), isBigEndian: false)] }
        }
        return []
    }
}
