import DurableFiles

/// What lies on a device, or in an image of one: read in small pieces, of which none is believed.
struct DeviceContents {
    private let size: Int64
    private let read: (Int64, Int) throws(FileError) -> [UInt8]

    /// Contents of so many bytes; `read` gets an offset and a count that lie within them.
    init(size: Int64, read: @escaping (_ offset: Int64, _ count: Int) throws(FileError) -> [UInt8]) {
        self.size = size
        self.read = read
    }

    /// The bytes at an offset; nil where the device does not have all of them.
    func record(at offset: Int64, count: Int) throws(FileError) -> DeviceRecord? {
        guard offset >= 0, Int64(count) <= size, offset <= size - Int64(count) else { return nil }
        return DeviceRecord(try read(offset, count))
    }
}

/// A few bytes of a device, with the fields of file systems.
struct DeviceRecord {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    subscript(offset: Int) -> UInt8 { bytes[offset] }

    /// A little-endian number of 16 bits.
    func number16(_ offset: Int) -> Int64 { Int64(bytes[offset]) | Int64(bytes[offset + 1]) << 8 }

    /// A little-endian number of 32 bits.
    func number32(_ offset: Int) -> Int64 { number16(offset) | number16(offset + 2) << 16 }

    /// Whether this text, in ASCII, stands at an offset.
    func has(_ text: String, at offset: Int) -> Bool { bytes[offset...].starts(with: text.utf8) }

    /// Text of 8-bit units up to a NUL, without blanks at its end.
    func text(_ range: Range<Int>) -> String {
        Self.trimmed(String(decoding: bytes[range].prefix { $0 != 0 }, as: UTF8.self))
    }

    /// Text of 16-bit units up to a NUL, without blanks at its end.
    func wideText(_ range: Range<Int>, isBigEndian: Bool) -> String {
        let units = stride(from: range.lowerBound, to: range.upperBound - 1, by: 2).map { offset in
            let unit = UInt16(truncatingIfNeeded: number16(offset))
            return isBigEndian ? unit.byteSwapped : unit
        }
        return Self.trimmed(String(decoding: units.prefix { $0 != 0 }, as: UTF16.self))
    }

    private static func trimmed(_ text: String) -> String {
        String(text.reversed().drop { $0 == " " }.reversed())
    }
}
