import Foundation

/// The text of a spec, checked before the YAML library sees it.
///
/// The checks stand here because the library reads on past some of these faults or spends unbounded time on them.
struct SourceText {
    /// The text without a byte order mark.
    let text: String
    /// What messages call it.
    let fileName: String

    /// The largest spec that is read, in bytes.
    static let maximumSize = 1 << 20
    /// How many words that look like `*alias` are let through to the library, which bounds what they can expand to.
    ///
    /// Real aliases are refused afterwards, with their place; this many may stand in quoted text.
    private static let maximumAliasLikeWords = 16

    init(bytes: [UInt8], fileName: String) throws(SpecError) {
        self.fileName = fileName
        guard bytes.count <= Self.maximumSize else {
            throw SpecError(
                .malformed,
                "the spec is larger than 1 MiB; name fewer images in it, or split it into several bundles",
                file: fileName, line: 1, column: 1)
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        guard let text = String(validating: content, as: UTF8.self) else {
            let place = Self.firstInvalidByte(content)
            throw SpecError(
                .malformed, "the text is not UTF-8 from here on; save the file as UTF-8", file: fileName,
                line: place.line, column: place.column)
        }
        self.text = text
        try refuseControlCharacters()
        try refuseAliasBombs()
    }

    /// Reads a file of at most the limit; blocks.
    static func read(path: String, limit: Int = maximumSize) throws(SpecError) -> [UInt8] {
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            return Array(try file.read(upToCount: limit + 1) ?? Data())
        } catch {
            throw SpecError(
                .unreadable, "the file cannot be read (\(Self.reason(error))); check the path and its permissions",
                file: path)
        }
    }

    /// The absolute path of the folder that a file lies in.
    static func directory(of path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        for candidate in [underlying, error as NSError].compactMap({ $0 }) where candidate.domain == NSPOSIXErrorDomain
        {
            return unsafe String(cString: strerror(Int32(candidate.code)))
        }
        switch (error as NSError).code {
        case CocoaError.fileReadNoSuchFile.rawValue: return "there is no such file"
        case CocoaError.fileReadNoPermission.rawValue: return "permission denied"
        default: return "it is not a readable file"
        }
    }

    private func refuseControlCharacters() throws(SpecError) {
        var line = 1
        var column = 1
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A:
                line += 1
                column = 0
            case 0x09, 0x0D: break
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF:
                throw SpecError(
                    .malformed, "the invisible character U+\(Self.hex(scalar.value)) stands here; remove it",
                    file: fileName, line: line, column: column)
            default: break
            }
            column += 1
        }
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private func refuseAliasBombs() throws(SpecError) {
        var count = 0
        for (number, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let bytes = Array(line)
            for (position, byte) in bytes.enumerated().dropLast() where byte == UInt8(ascii: "*") {
                guard position == 0 || Self.canStandBeforeAlias(bytes[position - 1]),
                    Self.canStandInName(bytes[position + 1])
                else { continue }
                count += 1
                guard count <= Self.maximumAliasLikeWords else {
                    throw SpecError(
                        .malformed, "too many words start with '*'; specs have no aliases, use ${NAME} and variables",
                        file: fileName, line: number + 1,
                        column: bytes[...position].count { $0 & 0xC0 != 0x80 })
                }
            }
        }
    }

    private static func canStandInName(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte & 0xDF
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// Whether an alias can start after this byte: space, or a mark of YAML's structure.
    private static func canStandBeforeAlias(_ byte: UInt8) -> Bool { byte <= 0x20 || "[]{},:?-\"'".utf8.contains(byte) }

    private static func firstInvalidByte(_ bytes: [UInt8]) -> (line: Int, column: Int) {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var line = 1
        var column = 1
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            if scalar == "\n" {
                line += 1
                column = 0
            }
            column += 1
        }
        return (line, column)
    }
}
