/// Writes layer tars in code: ustar headers, with pax records for what does not fit them.
public struct TarFixture: Sendable {
    /// What an entry is.
    public enum Kind: Sendable {
        /// A regular file with its contents.
        case file([UInt8])
        /// Another name of an earlier file.
        case hardLink(String)
        /// A symbolic link to anything.
        case symbolicLink(String)
        /// A character device.
        case characterDevice(major: Int, minor: Int)
        /// A block device.
        case blockDevice(major: Int, minor: Int)
        /// A directory; its name gets a slash.
        case directory
        /// A named pipe.
        case pipe
    }

    /// One entry.
    public struct Entry: Sendable {
        /// The path, without a leading slash.
        public var path: String
        /// What it is.
        public var kind: Kind
        /// The permission bits.
        public var mode = 0o644
        /// The owner.
        public var userID = 0
        /// The group.
        public var groupID = 0
        /// Seconds since 1970.
        public var modified: Int64 = 1_700_000_000
        /// Extended attributes, stored as `SCHILY.xattr.` records.
        public var attributes: [String: [UInt8]] = [:]
        /// Further pax records, as `mtime` with a fraction.
        public var records: [String: String] = [:]

        /// An entry with the usual mode of its kind.
        public init(_ path: String, _ kind: Kind) {
            self.path = path
            self.kind = kind
            switch kind {
            case .directory: mode = 0o755
            case .symbolicLink: mode = 0o777
            default: mode = 0o644
            }
        }

        /// A regular file.
        public static func file(_ path: String, _ bytes: [UInt8]) -> Entry { Entry(path, .file(bytes)) }
        /// A regular text file.
        public static func file(_ path: String, _ text: String) -> Entry { Entry(path, .file(Array(text.utf8))) }
        /// A directory.
        public static func directory(_ path: String) -> Entry { Entry(path, .directory) }
        /// A symbolic link.
        public static func symbolicLink(_ path: String, to target: String) -> Entry {
            Entry(path, .symbolicLink(target))
        }
        /// A hard link to an earlier entry.
        public static func hardLink(_ path: String, to target: String) -> Entry { Entry(path, .hardLink(target)) }
        /// A mark that a file of a lower layer is gone.
        public static func whiteout(_ path: String) -> Entry {
            let parts = path.split(separator: "/")
            return .file((parts.dropLast() + [".wh." + (parts.last ?? "")]).joined(separator: "/"), [])
        }
        /// A mark that nothing of the lower layers' directory is left.
        public static func opaqueWhiteout(_ directory: String) -> Entry { .file(directory + "/.wh..wh..opq", []) }

        /// The same entry, changed.
        public func with(_ change: (inout Entry) -> Void) -> Entry {
            var copy = self
            change(&copy)
            return copy
        }
    }

    private var bytes: [UInt8] = []

    /// An empty tar.
    public init() {}

    /// The tar of entries, with its two final zero blocks.
    public static func tar(_ entries: [Entry]) -> [UInt8] {
        var tar = TarFixture()
        for entry in entries { tar.append(entry) }
        return tar.finished()
    }

    /// What was appended, and two zero blocks.
    public func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// Appends an entry.
    public mutating func append(_ entry: Entry) {
        var records: [(name: String, value: [UInt8])] = []
        var (path, link, content, flag, device) = Self.parts(of: entry)
        if path.utf8.count > 100 {
            records.append(("path", Array(path.utf8)))
            path = String(decoding: path.utf8.prefix(90), as: UTF8.self)
        }
        if link.utf8.count > 100 {
            records.append(("linkpath", Array(link.utf8)))
            link = String(decoding: link.utf8.prefix(90), as: UTF8.self)
        }
        if entry.userID > 0o7777777 { records.append(("uid", Array(String(entry.userID).utf8))) }
        if entry.groupID > 0o7777777 { records.append(("gid", Array(String(entry.groupID).utf8))) }
        for (name, value) in entry.records { records.append((name, Array(value.utf8))) }
        for (name, value) in entry.attributes { records.append(("SCHILY.xattr." + name, value)) }
        if !records.isEmpty {
            let text = records.sorted { $0.name < $1.name }.flatMap { Self.record($0.name, $0.value) }
            appendHeader("PaxHeaders.0/x", flag: UInt8(ascii: "x"), entry: Entry("", .file([])), size: text.count)
            appendPadded(text)
        }
        appendHeader(path, flag: flag, entry: entry, size: content.count, link: link, device: device)
        appendPadded(content)
    }

    private static func parts(
        of entry: Entry
    ) -> (path: String, link: String, content: [UInt8], flag: UInt8, device: (Int, Int)) {
        switch entry.kind {
        case .file(let content): (entry.path, "", content, UInt8(ascii: "0"), (0, 0))
        case .hardLink(let target): (entry.path, target, [], UInt8(ascii: "1"), (0, 0))
        case .symbolicLink(let target): (entry.path, target, [], UInt8(ascii: "2"), (0, 0))
        case .characterDevice(let major, let minor): (entry.path, "", [], UInt8(ascii: "3"), (major, minor))
        case .blockDevice(let major, let minor): (entry.path, "", [], UInt8(ascii: "4"), (major, minor))
        case .directory: (entry.path + "/", "", [], UInt8(ascii: "5"), (0, 0))
        case .pipe: (entry.path, "", [], UInt8(ascii: "6"), (0, 0))
        }
    }

    /// A pax record begins with its own length, which counts its own digits.
    private static func record(_ name: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [0x20] + Array(name.utf8) + [UInt8(ascii: "=")] + value + [0x0A]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }

    private mutating func appendHeader(
        _ path: String, flag: UInt8, entry: Entry, size: Int, link: String = "", device: (Int, Int) = (0, 0)
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (position, byte) in text.enumerated() { header[offset + position] = byte }
        }
        func octal(_ number: Int, digits: Int) -> [UInt8] {
            let text = String(number, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
        }
        put(path.utf8, at: 0)
        put(octal(entry.mode, digits: 7), at: 100)
        put(octal(entry.userID > 0o7777777 ? 0 : entry.userID, digits: 7), at: 108)
        put(octal(entry.groupID > 0o7777777 ? 0 : entry.groupID, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(Int(entry.modified), digits: 11), at: 136)
        put(repeatElement(0x20, count: 8), at: 148)
        header[156] = flag
        put(link.utf8, at: 157)
        put("ustar\u{0}00".utf8, at: 257)
        put(octal(device.0, digits: 7), at: 329)
        put(octal(device.1, digits: 7), at: 337)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6) + [0, 0x20], at: 148)
        bytes += header
    }

    private mutating func appendPadded(_ content: [UInt8]) {
        bytes += content
        bytes += repeatElement(0, count: (512 - content.count % 512) % 512)
    }
}
