/// Reads a member's header byte by byte, so that it may be split anywhere.
///
/// Spec: RFC 1952 § 2.3.
struct HeaderReader {
    private enum Field {
        case magic1, magic2, method, flags, time, extraLength1, extraLength2, extra, name, comment, checksum1, checksum2
        case done
    }

    private static let hasChecksum: UInt8 = 0x02
    private static let hasExtra: UInt8 = 0x04
    private static let hasName: UInt8 = 0x08
    private static let hasComment: UInt8 = 0x10
    private static let reserved: UInt8 = 0xE0

    private let isFirst: Bool
    private var field = Field.magic1
    private var flags: UInt8 = 0
    private var remaining = 0
    private var checksum = UInt32.max
    private var stored: UInt8 = 0

    /// A header of the first member, or of a further one.
    init(isFirst: Bool) { self.isFirst = isFirst }

    /// How many of these bytes are a member's header; nil when it does not end in them, or is wrong.
    static func length(of bytes: [UInt8]) -> Int? {
        var reader = HeaderReader(isFirst: true)
        for (position, byte) in bytes.enumerated() {
            do throws(GzipError) { if try reader.take(byte) { return position + 1 } } catch { return nil }
        }
        return nil
    }

    /// Whether the next byte would be the first.
    var isAtStart: Bool { field == .magic1 }

    /// Takes the next byte; true when it was the last of the header.
    mutating func take(_ byte: UInt8) throws(GzipError) -> Bool {
        let previous = checksum
        update(byte)
        switch field {
        case .magic1: try magic(byte, 0x1F, next: .magic2)
        case .magic2: try magic(byte, 0x8B, next: .method)
        case .method:
            guard byte == 8 else {
                throw GzipError(.unsupported, "cannot inflate: the header names method \(byte), not 8 (deflate)")
            }
            field = .flags
        case .flags:
            guard byte & Self.reserved == 0 else {
                throw GzipError(.unsupported, "cannot inflate: the header sets flags that RFC 1952 reserves")
            }
            flags = byte
            remaining = 6
            field = .time
        case .time:
            remaining -= 1
            if remaining == 0 { advance(from: 0) }
        case .extraLength1:
            remaining = Int(byte)
            field = .extraLength2
        case .extraLength2:
            remaining += Int(byte) << 8
            field = .extra
            if remaining == 0 { advance(from: 1) }
        case .extra:
            remaining -= 1
            if remaining == 0 { advance(from: 1) }
        case .name: if byte == 0 { advance(from: 2) }
        case .comment: if byte == 0 { advance(from: 3) }
        case .checksum1:
            checksum = previous
            stored = byte
            field = .checksum2
        case .checksum2:
            guard UInt16(truncatingIfNeeded: ~previous) == UInt16(byte) << 8 | UInt16(stored) else {
                throw GzipError(.damaged, "cannot inflate: the header does not match its checksum")
            }
            field = .done
        case .done: break
        }
        return field == .done
    }

    private mutating func magic(_ byte: UInt8, _ expected: UInt8, next: Field) throws(GzipError) {
        guard byte == expected else {
            throw isFirst
                ? GzipError(.damaged, "cannot inflate: the bytes do not start with the gzip magic 1f 8b")
                : GzipError(.trailingBytes, "cannot inflate: bytes that are no gzip member follow the last member")
        }
        field = next
    }

    /// Goes to the next optional field that is there.
    private mutating func advance(from step: Int) {
        if step < 1 && flags & Self.hasExtra != 0 {
            field = .extraLength1
        } else if step < 2 && flags & Self.hasName != 0 {
            field = .name
        } else if step < 3 && flags & Self.hasComment != 0 {
            field = .comment
        } else {
            field = flags & Self.hasChecksum != 0 ? .checksum1 : .done
        }
    }

    /// One byte of the CRC-32 with the polynomial of RFC 1952 § 8; headers are too short for anything faster.
    private mutating func update(_ byte: UInt8) {
        checksum ^= UInt32(byte)
        for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
}
