public import DurableFiles

/// The volume descriptors of an ISO 9660 image in a file; nothing in them is believed.
///
/// Spec: ECMA-119 § 8, Joliet § 2.
public struct DiscVolume: Sendable {
    /// A sector, in bytes.
    public static let sectorSize: Int64 = 2048
    /// The same, for what lies in memory.
    static let sector = 2048
    /// Where the application area lies in the primary descriptor, which users may fill as they like.
    public static let applicationArea = 883..<1395 as Range<Int>

    /// The image.
    public let file: ReadableFile
    /// Where the primary descriptor lies.
    public let primaryOffset: Int64
    private let primary: [UInt8]
    private let secondary: [UInt8]?

    /// Reads the descriptors.
    ///
    /// - Throws: `FileError`, or `DiscError` with code `unsupported` when it is no such image, and `damaged` when it is cut off.
    public init(_ file: ReadableFile) throws {
        self.file = file
        var primary: (offset: Int64, bytes: [UInt8])?
        var joliet: [UInt8]?
        for sector in 16..<48 as Range<Int64> where (sector + 1) * Self.sectorSize <= file.size {
            let bytes = try file.read(at: sector * Self.sectorSize, count: Self.sector)
            guard bytes[1...].starts(with: "CD001".utf8), bytes[0] != 255 else { break }
            if bytes[0] == 1, primary == nil { primary = (sector * Self.sectorSize, bytes) }
            if bytes[0] == 2, ["%/@", "%/C", "%/E"].contains(where: { bytes[88...].starts(with: $0.utf8) }) {
                joliet = bytes
            }
        }
        guard let primary else {
            throw DiscError(.unsupported, "reading '\(file.path)': it is no ISO 9660 image; name another file")
        }
        primaryOffset = primary.offset
        self.primary = primary.bytes
        secondary = joliet
        guard size <= file.size else {
            throw DiscError(
                .damaged,
                "reading '\(file.path)': it has \(file.size) bytes, and its volume \(size): it is cut off; copy it again"
            )
        }
    }

    /// How many bytes the volume has; the file may have more.
    public var size: Int64 { primary.number32(80) * Self.sectorSize }

    /// The time of its last change, 16 digits, which boot loaders know it by.
    public var uuid: String { String(decoding: primary[813..<829], as: UTF8.self) }

    /// The id of its GUID partition table, as 32 hex digits; nil without such a table.
    public var partitionTableID: String? {
        guard let header = try? file.read(at: 512, count: 92), header.starts(with: "EFI PART".utf8) else { return nil }
        return header[56..<72].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The tree of names with Rock Ridge.
    ///
    /// - Throws: `FileError`, or `DiscError` with code `damaged`.
    public func rockRidge() throws -> DiscTree { try DiscTree(file, root: primary, isJoliet: false) }

    /// The tree of names of Joliet; nil where there is none.
    ///
    /// - Throws: `FileError`, or `DiscError` with code `damaged`.
    public func joliet() throws -> DiscTree? { try secondary.map { try DiscTree(file, root: $0, isJoliet: true) } }
}

extension RandomAccessCollection where Element == UInt8, Index == Int {
    /// A little-endian number of 32 bits, at an offset from the start.
    func number32(_ offset: Int) -> Int64 {
        (0..<4).reversed().reduce(0) { $0 << 8 | Int64(self[startIndex + offset + $1]) }
    }
}
