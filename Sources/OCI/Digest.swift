/// The SHA-256 of stored bytes, in its one spelling `sha256:<64 lower-case hex digits>`.
///
/// Spec: image-spec v1.1 descriptor.md § Digests. Other algorithms are refused: one meaning, one spelling.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// How many bytes a digest has.
    public static let byteCount = 32

    /// From 32 bytes; anything else is a programmer error.
    public init(bytes: some Sequence<UInt8>) {
        var words: [UInt64] = [0, 0, 0, 0]
        var count = 0
        for byte in bytes {
            precondition(count < Self.byteCount, "a SHA-256 digest has 32 bytes")
            words[count / 8] = words[count / 8] << 8 | UInt64(byte)
            count += 1
        }
        precondition(count == Self.byteCount, "a SHA-256 digest has 32 bytes")
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// From 64 lower-case hex digits without a prefix, as in a file name; nil for anything else.
    public init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for position in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.value(digits[position]), let low = Self.value(digits[position + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    /// From `sha256:` and 64 lower-case hex digits.
    ///
    /// - Throws: `OCIError` with code `invalidDigest`.
    public init(parsing text: String) throws(OCIError) {
        let prefix = "sha256:"
        // By bytes: a combining character would join the colon, and vanish with it.
        let hex = text.utf8.dropFirst(prefix.utf8.count)
        guard text.utf8.starts(with: prefix.utf8), let digest = Digest(hex: Substring(hex)) else {
            throw OCIError(.invalidDigest, "'\(text)' is not sha256: and 64 lower-case hex digits")
        }
        self = digest
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }

    /// The 64 hex digits, as in file names.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The full spelling.
    public var description: String { "sha256:" + hex }

    /// Equal when all bytes are.
    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    /// The order of the bytes, which is also that of the spelling.
    public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }

    /// Feeds the first eight bytes, which are as good as random.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// The digest of a layer's uncompressed tar.
///
/// Spec: image-spec v1.1 config.md § Layer DiffID.
public struct DiffID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The SHA-256 of the tar.
    public let digest: Digest

    /// Marks a digest as one of an uncompressed tar.
    public init(_ digest: Digest) { self.digest = digest }

    /// The full spelling.
    public var description: String { digest.description }

    /// The order of the digests.
    public static func < (left: DiffID, right: DiffID) -> Bool { left.digest < right.digest }
}
