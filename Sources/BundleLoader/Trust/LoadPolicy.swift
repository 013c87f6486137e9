public import BundleFormat
public import OCI

/// Which bundles a host accepts, beyond whose signature they must have.
///
/// Spec: docs/loading.md section 4.2.
public struct LoadPolicy: Sendable, Equatable {
    /// The name of the file in the trust directory.
    public static let fileName = "policy"

    /// How many distinct keys must have signed; at least 1.
    public private(set) var threshold = 1
    /// The only product that is accepted; nil for any.
    public private(set) var product: String?
    /// The channels that are accepted; empty for any.
    public private(set) var channels: Set<String> = []
    /// Keys that count no more.
    public private(set) var revoked: Set<Digest> = []
    /// A higher one than that of the rollback floor makes the floor count no more.
    public private(set) var epoch: Int64 = 0
    /// The lowest version that may replace a higher one.
    public private(set) var allowDowngradeTo: Int64?
    /// What becomes of the end of a bundle's validity.
    public private(set) var expiry = Expiry.ifClockSane

    /// What becomes of the end of a bundle's validity.
    public enum Expiry: String, Sendable, CaseIterable {
        /// It counts where the clock can be believed, and gives a warning elsewhere.
        case ifClockSane = "if-clock-sane"
        /// It counts, and where the clock cannot be believed the bundle is refused.
        case require
        /// It never counts.
        case ignore
    }

    /// What counts where there is no policy file.
    public init() {}

    /// Parses the bytes of the policy file of this path.
    ///
    /// - Throws: `LoadError` with code `configuration` and the number of the line.
    public init(parsing bytes: [UInt8], path: String) throws(LoadError) {
        let file = try LineFile(parsing: bytes, path: path)
        var seen: [Name: Int] = [:]
        for line in file.lines {
            let (name, text) = try Self.pair(line, of: file)
            if let first = seen.updateValue(line.number, forKey: name), !name.isRepeatable {
                throw file.refusal(line, "'\(name.rawValue)' stands in line \(first) already; keep one")
            }
            guard set(name, text) else {
                throw file.refusal(line, "'\(text.prefix(80))' is no \(name.rawValue); write \(name.expectation)")
            }
        }
    }

    /// Whether product and channel are accepted.
    ///
    /// - Throws: `LoadError` with code `notTrusted`.
    public func check(_ statement: Statement) throws(LoadError) {
        if let product, product != statement.product {
            throw LoadError(
                .notTrusted,
                "checking the policy: the bundle is of the product '\(statement.product)', and this host accepts"
                    + " '\(product)' only; use the right bundle")
        }
        guard channels.isEmpty || channels.contains(statement.channel) else {
            throw LoadError(
                .notTrusted,
                "checking the policy: the bundle is of the channel '\(statement.channel)', and this host accepts"
                    + " \(channels.sorted().joined(separator: ", ")); use the right bundle")
        }
    }

    private mutating func set(_ name: Name, _ text: String) -> Bool {
        switch name {
        case .require:
            guard let number = Self.number(text), 1...Int64(TrustPolicy.maximumKeyCount) ~= number else { return false }
            threshold = Int(number)
        case .product:
            guard Statement.isName(text) else { return false }
            product = text
        case .channel:
            guard Statement.isName(text) else { return false }
            channels.insert(text)
        case .revoked:
            guard let key = Digest(hex: text) else { return false }
            revoked.insert(key)
        case .epoch:
            guard let number = Self.number(text) else { return false }
            epoch = number
        case .allowDowngradeTo:
            guard let number = Self.number(text), number > 0 else { return false }
            allowDowngradeTo = number
        case .expiry:
            guard let value = Expiry(rawValue: text) else { return false }
            expiry = value
        }
        return true
    }

    private static func pair(_ line: LineFile.Line, of file: LineFile) throws(LoadError) -> (Name, String) {
        guard let colon = line.text.firstIndex(of: ":") else {
            throw file.refusal(line, "it is not 'name: value'; start comments with '#'")
        }
        let word = line.text[..<colon]
        guard let name = Name(rawValue: String(word)) else {
            let suggestion = Spelling.suggestion(for: word, among: Name.allCases.map(\.rawValue))
            throw file.refusal(line, "'\(word.prefix(64))' is not known; \(suggestion)")
        }
        return (name, String(line.text[line.text.index(after: colon)...].trimmingSpaces()))
    }

    /// A number as in STATEMENT: 1 to 12 digits without a leading zero.
    private static func number(_ text: String) -> Int64? {
        guard 1...12 ~= text.utf8.count, text == "0" || !text.hasPrefix("0"),
            text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        return Int64(text)
    }

    private enum Name: String, CaseIterable {
        case require, product, channel, revoked, epoch, expiry
        case allowDowngradeTo = "allow-downgrade-to"

        var isRepeatable: Bool { self == .channel || self == .revoked }

        var expectation: String {
            switch self {
            case .require: "how many keys must have signed, 1 to \(TrustPolicy.maximumKeyCount)"
            case .product, .channel:
                "1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit"
            case .revoked: "the key's id, 64 lower-case hex digits"
            case .epoch: "a number of at most 12 digits"
            case .allowDowngradeTo: "a version, 1 to 12 digits"
            case .expiry: Expiry.allCases.map(\.rawValue).joined(separator: ", ")
            }
        }
    }
}
