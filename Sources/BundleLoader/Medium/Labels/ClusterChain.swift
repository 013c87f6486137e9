import DurableFiles

/// Where FAT and exFAT keep clusters, and the table that chains them.
struct ClusterChain {
    /// Where the table of 32-bit numbers starts.
    let table: Int64
    /// Where cluster 2 starts.
    let data: Int64
    /// The size of a cluster, at least 512.
    let clusterSize: Int64
    /// The bits of a number that count.
    let mask: Int64

    /// So much of a root directory is read; formatters put the label first.
    static let directoryLimit = 64 << 10

    /// The directory entries of 32 bytes that start in a cluster.
    func entries(from first: Int64, in contents: DeviceContents) throws(FileError) -> [DeviceRecord] {
        var entries: [DeviceRecord] = []
        var cluster = first
        // Each step reads 512 bytes or more: a chain that runs in circles ends as well.
        while cluster >= 2, entries.count * 32 < Self.directoryLimit {
            let count = min(Int(clusterSize), Self.directoryLimit - entries.count * 32)
            guard let piece = try contents.record(at: data + (cluster - 2) * clusterSize, count: count) else { break }
            entries += piece.entries
            guard let next = try contents.record(at: table + cluster * 4, count: 4) else { break }
            cluster = next.number32(0) & mask
        }
        return entries
    }
}

extension DeviceRecord {
    /// The directory entries of FAT and exFAT that lie here.
    var entries: [DeviceRecord] {
        stride(from: 0, to: bytes.count - 31, by: 32).map { DeviceRecord(Array(bytes[$0..<$0 + 32])) }
    }
}
