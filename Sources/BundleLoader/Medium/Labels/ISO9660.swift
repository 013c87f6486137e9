import DurableFiles

extension DeviceContents {
    /// The volume identifiers of an ISO 9660 file system: of its primary descriptor, and of Joliet's.
    ///
    /// Spec: ECMA-119 § 8.4, Joliet § 2.
    func iso9660Labels() throws(FileError) -> [String] {
        var labels: [String] = []
        // Images have two to five descriptors.
        for sector in 16..<48 as Range<Int64> {
            guard let descriptor = try record(at: sector * 2048, count: 2048), descriptor.has("CD001", at: 1) else {
                break
            }
            switch descriptor[0] {
            case 1: labels.append(descriptor.text(40..<72))
            case 2 where ["%/@", "%/C", "%/E"].contains { descriptor.has($0, at: 88) }:
                labels.append(descriptor.wideText(40..<72, isBigEndian: true))
            case 255: return labels
            default: break
            }
        }
        return labels
    }
}
