import DurableFiles

/// What is mounted where, as the kernel says in `/proc/self/mountinfo`.
struct MountTable {
    private let lines: [Substring]

    /// The table of this process; empty where /proc is not mounted.
    static func current() -> MountTable {
        var bytes: [UInt8] = []
        // Without the table every medium is mounted anew, which is as good.
        if let file = try? Directory(opening: "/proc/self").openFile("mountinfo") {
            unsafe try? file.forEachChunk { chunk in unsafe bytes.append(contentsOf: chunk) }
        }
        return MountTable(String(decoding: bytes, as: UTF8.self))
    }

    /// The table of a text; proc(5) says how its lines read.
    init(_ text: String) { lines = text.split(separator: "\n") }

    /// Where the root of a device's file system is mounted, the latest mount first.
    func points(of device: UInt64) -> [String] {
        let device = Self.text(device)
        return lines.reversed().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[2] == device, fields[3] == "/" else { return nil }
            return Self.unescaped(fields[4])
        }
    }

    /// A device's number as it stands in the table, as `8:17`.
    ///
    /// The bits lie as in glibc's `major` and `minor`.
    static func text(_ device: UInt64) -> String {
        let major = device >> 8 & 0xFFF | device >> 32 & 0xFFFF_F000
        let minor = device & 0xFF | device >> 12 & 0xFFFF_FF00
        return "\(major):\(minor)"
    }

    /// Blanks and backslashes stand as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
