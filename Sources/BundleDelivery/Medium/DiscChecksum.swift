import Cryptography
import Discs

/// The checksum of a whole medium, as `checkisomd5` and installers that test their medium read it.
///
/// Spec: docs/medium.md section 2.2. It tells whether a disc was burnt well, and proves nothing.
struct DiscChecksum: ~Copyable {
    /// What is written into the application area.
    typealias Text = [UInt8]

    /// Drives may not read the last sectors of a track.
    private static let skippedSectors: Int64 = 15

    private var hasher: MD5Hasher
    private var position: Int64 = 0
    private let end: Int64
    private let area: Range<Int64>

    /// One for a volume that is going to be read from its start; nil where the library has no MD5.
    init?(_ volume: DiscVolume) {
        guard let hasher = MD5Hasher() else { return nil }
        self.hasher = hasher
        end = volume.size - Self.skippedSectors * DiscVolume.sectorSize
        let start = volume.primaryOffset + Int64(DiscVolume.applicationArea.lowerBound)
        area = start..<start + Int64(DiscVolume.applicationArea.count)
    }

    /// Adds the next bytes; the application area counts as blanks.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let start = position
        position += Int64(bytes.count)
        let stop = min(position, end)
        unsafe add(bytes, from: start, to: min(stop, area.lowerBound), start)
        let blanks = max(0, min(stop, area.upperBound) - max(start, area.lowerBound))
        if blanks > 0 {
            unsafe [UInt8](repeating: 0x20, count: Int(blanks)).withUnsafeBytes { unsafe hasher.update($0) }
        }
        unsafe add(bytes, from: max(start, area.upperBound), to: stop, start)
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer, from: Int64, to: Int64, _ start: Int64) {
        guard from < to else { return }
        unsafe hasher.update(UnsafeRawBufferPointer(rebasing: bytes[Int(from - start)..<Int(to - start)]))
    }

    /// The text for the application area, with no sums of fragments.
    consuming func finish() -> Text {
        let sum = hasher.finish().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let text =
            "ISO MD5SUM = \(sum);SKIPSECTORS = \(Self.skippedSectors);RHLISOSTATUS=0;"
            + "FRAGMENT SUMS = \(String(repeating: "0", count: 60));FRAGMENT COUNT = 0;"
        let bytes = Array(text.utf8)
        return bytes + [UInt8](repeating: 0x20, count: DiscVolume.applicationArea.count - bytes.count)
    }
}
