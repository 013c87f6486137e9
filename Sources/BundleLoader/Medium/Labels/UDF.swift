import DurableFiles

extension DeviceContents {
    /// The identifier of a UDF file system's logical volume.
    ///
    /// Spec: ECMA-167 parts 2 and 3, UDF 2.60 § 2.2.
    func udfLabels() throws(FileError) -> [String] {
        guard try isUDF() else { return [] }
        for blockSize in [2048, 512, 4096, 1024] as [Int64] {
            // The anchor says where the sequence of volume descriptors lies.
            guard let anchor = try udfDescriptor(256, blockSize), anchor.tag == 2 else { continue }
            let count = min(anchor.record.number32(16) / blockSize, 64)
            let start = anchor.record.number32(20)
            var newest: (number: Int64, label: String)?
            for block in start..<start + count {
                guard let (tag, record) = try udfDescriptor(block, blockSize), tag != 8 else { break }
                guard tag == 6, newest.map({ record.number32(16) > $0.number }) ?? true else { continue }
                newest = (record.number32(16), Self.udfText(record, 84..<212))
            }
            if let newest { return [newest.label] }
        }
        return []
    }

    /// Whether the volume recognition sequence, among whose blocks others may lie, names UDF.
    private func isUDF() throws(FileError) -> Bool {
        for block in 0..<32 as Range<Int64> {
            guard let record = try record(at: 32768 + block * 2048, count: 8) else { return false }
            if record.has("NSR02", at: 1) || record.has("NSR03", at: 1) { return true }
        }
        return false
    }

    /// The descriptor in a block, where its tag is whole and says that it belongs there.
    private func udfDescriptor(
        _ block: Int64, _ blockSize: Int64
    ) throws(FileError) -> (tag: Int64, record: DeviceRecord)? {
        guard let record = try record(at: block * blockSize, count: 512) else { return nil }
        let sum = record.bytes[..<16].enumerated().reduce(0 as UInt8) { $1.offset == 4 ? $0 : $0 &+ $1.element }
        guard sum == record[4], record.number32(12) == block else { return nil }
        return (record.number16(0), record)
    }

    /// A `dstring`: the first byte says how wide its units are, the last one how many bytes are used.
    private static func udfText(_ record: DeviceRecord, _ range: Range<Int>) -> String {
        let end = range.lowerBound + min(Int(record[range.upperBound - 1]), range.count - 1)
        let text = (range.lowerBound + 1)..<max(end, range.lowerBound + 1)
        switch record[range.lowerBound] {
        case 8:
            return DeviceRecord(record.bytes[text].flatMap { [$0, 0] }).wideText(0..<2 * text.count, isBigEndian: false)
        case 16: return record.wideText(text, isBigEndian: true)
        default: return ""
        }
    }
}
