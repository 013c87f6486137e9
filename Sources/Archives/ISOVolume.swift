import DurableFiles

/// What an ISO image says of its own size.
///
/// Spec: ECMA-119 section 8.4, the primary volume descriptor.
enum ISOVolume {
    private static let descriptorOffset: Int64 = 16 * 2048

    /// Refuses an image that is shorter than its volume: the library would find out only where it reads.
    static func checkSize(of file: ReadableFile) throws {
        guard file.size >= descriptorOffset + 2048 else {
            throw ArchiveError(.unsupported, "'\(file.path)' is no ISO 9660 image")
        }
        let head = try file.read(at: descriptorOffset, count: 88)
        guard head[0] == 1, head[1..<6].elementsEqual("CD001".utf8) else {
            throw ArchiveError(.unsupported, "'\(file.path)' is no ISO 9660 image")
        }
        let blocks = head[80..<84].reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard file.size >= blocks * 2048 else {
            throw ArchiveError(
                .damaged,
                "'\(file.path)' has \(file.size) bytes, and its volume \(blocks * 2048): it is cut off; copy it again")
        }
    }
}
