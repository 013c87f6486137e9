import OCI

/// The small signed text that binds a bundle together.
///
/// Spec: docs/format.md section 3.
public struct Statement: Hashable, Sendable {
    /// What the bundle is of.
    public let product: String
    /// As `stable`.
    public let channel: String
    /// The number that rollback protection compares.
    public let version: Int64
    /// SOURCE_DATE_EPOCH or the time of the newest image.
    public let created: Timestamp
    /// After this bundle is installed, nothing lower is; for the loader.
    public let minimumVersion: Int64?
    /// The end of validity, where the clock can be believed; for the loader.
    public let notAfter: Timestamp?
    /// manifest.json.
    public let manifest: FileSum
    /// SHA256SUMS.
    public let checksums: FileSum

    /// A statement of its parts.
    public init(
        product: String, channel: String, version: Int64, created: Timestamp, minimumVersion: Int64? = nil,
        notAfter: Timestamp? = nil, manifest: FileSum, checksums: FileSum
    ) {
        self.product = product
        self.channel = channel
        self.version = version
        self.created = created
        self.minimumVersion = minimumVersion
        self.notAfter = notAfter
        self.manifest = manifest
        self.checksums = checksums
    }

    private static let firstLine = "oci-bundle-statement v1"

    /// Parses the bytes of STATEMENT; call it only with bytes whose signatures are valid.
    ///
    /// - Throws: `BundleError` with code `damaged` or `unsupported`.
    public init(parsing bytes: [UInt8]) throws(BundleError) {
        func malformed(_ what: String) -> BundleError {
            BundleError(.damaged, "reading STATEMENT: \(what); the bundle is damaged, fetch it again")
        }
        guard bytes.count <= BundleLayout.maximumStatementSize, bytes.last == 0x0A,
            bytes.allSatisfy({ $0 == 0x0A || 0x20...0x7E ~= $0 })
        else { throw malformed("it is not at most 1024 bytes of ASCII lines") }
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }[...]
        guard let first = lines.popFirst(), first == Self.firstLine else {
            throw BundleError(
                .unsupported,
                "reading STATEMENT: it does not start with '\(Self.firstLine)'; use a newer version of this tool")
        }
        func optional(_ name: String) -> String? {
            guard let line = lines.first, line.hasPrefix(name + ": ") else { return nil }
            lines.removeFirst()
            return String(line.dropFirst(name.utf8.count + 2))
        }
        func required(_ name: String) throws(BundleError) -> String {
            guard let value = optional(name) else { throw malformed("the line '\(name):' is not where it should be") }
            return value
        }
        func name(_ line: String) throws(BundleError) -> String {
            let value = try required(line)
            guard Self.isName(value) else { throw malformed("'\(line)' has the value '\(value)'") }
            return value
        }
        func number(_ text: String) throws(BundleError) -> Int64 {
            guard let number = Self.number(text, maximumDigits: 12), number > 0 else {
                throw malformed("'\(text)' is no number of 1 to 12 digits")
            }
            return number
        }
        func time(_ text: String) throws(BundleError) -> Timestamp {
            guard let time = Timestamp(parsing: text) else { throw malformed("'\(text)' is no time") }
            return time
        }
        func sum(_ name: String) throws(BundleError) -> FileSum {
            let parts = try required(name).split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, let digest = Digest(hex: parts[0]),
                let size = Self.number(String(parts[1]), maximumDigits: 15)
            else { throw malformed("the line '\(name):' is not a digest and a size") }
            return FileSum(digest: digest, size: size)
        }
        product = try name("product")
        channel = try name("channel")
        version = try number(try required("version"))
        created = try time(try required("created"))
        minimumVersion = try optional("min-version").map { (text) throws(BundleError) in try number(text) }
        notAfter = try optional("not-after").map { (text) throws(BundleError) in try time(text) }
        manifest = try sum(BundleLayout.manifest)
        checksums = try sum(BundleLayout.checksums)
        guard lines.isEmpty else { throw malformed("it has lines that this version does not know") }
    }

    /// The bytes that are signed.
    public func bytes() -> [UInt8] {
        var lines = [
            Self.firstLine, "product: \(product)", "channel: \(channel)", "version: \(version)", "created: \(created)",
        ]
        if let minimumVersion { lines.append("min-version: \(minimumVersion)") }
        if let notAfter { lines.append("not-after: \(notAfter)") }
        lines.append("\(BundleLayout.manifest): \(manifest.digest.hex) \(manifest.size)")
        lines.append("\(BundleLayout.checksums): \(checksums.digest.hex) \(checksums.size)")
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    /// Whether a text is a product or channel: `[a-z0-9][a-z0-9._-]{0,63}`.
    public static func isName(_ text: String) -> Bool {
        func isLowerOrDigit(_ byte: UInt8) -> Bool {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        }
        guard 1...64 ~= text.utf8.count, let first = text.utf8.first, isLowerOrDigit(first) else { return false }
        return text.utf8.allSatisfy { isLowerOrDigit($0) || [0x2E, 0x5F, 0x2D].contains($0) }
    }

    /// Decimal digits without a leading zero (but `0` itself).
    static func number(_ text: String, maximumDigits: Int) -> Int64? {
        guard 1...maximumDigits ~= text.utf8.count, text == "0" || !text.hasPrefix("0"),
            text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        return Int64(text)
    }
}
