/// What a disc image becomes beside the bundle's own files.
///
/// Spec: docs/medium.md section 2.
public struct DiscOptions: Sendable {
    /// The volume's label; nil for `BUNDLE`, or that of the base.
    public var label: String?
    /// The folder for the bundle; nil for the root, or `bundle` where there is a base.
    public var folder: String?
    /// The image that boots; nil for a medium of the bundle alone.
    public var base: Base?

    /// An image that boots, and what comes onto it beside the bundle.
    public struct Base: Sendable {
        /// The image.
        public let path: String
        /// What lands on targets: a directory that becomes `/bundle-firstboot`.
        public let firstboot: String?
        /// The profile's directory, of which `medium` is put over the base.
        public let profile: String?

        /// A base of its parts.
        public init(path: String, firstboot: String?, profile: String?) {
            self.path = path
            self.firstboot = firstboot
            self.profile = profile
        }
    }

    /// The label of media that nobody gave another one.
    public static let defaultLabel = "BUNDLE"

    /// Where the bundle lies: empty for the root.
    var bundleFolder: String { folder ?? (base == nil ? "" : "bundle") }

    /// Options with nothing but their defaults.
    public init() {}

    /// - Throws: `DeliveryError` with code `usage`.
    func validate() throws(DeliveryError) {
        if let label {
            let isValid = label.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
            guard isValid, 1...32 ~= label.utf8.count else {
                throw DeliveryError(
                    .usage, "the label '\(label)' is not 1 to 32 of A-Z, 0-9 and _; give another one")
            }
        }
        if let folder { try MediumFolder.validate(folder) }
    }
}

/// The folder of a bundle on a medium.
enum MediumFolder {
    /// - Throws: `DeliveryError` with code `usage` for a name that would not do on every file system.
    static func validate(_ folder: String) throws(DeliveryError) {
        let parts = folder.split(separator: "/", omittingEmptySubsequences: false)
        let isValid = parts.allSatisfy { part in
            1...64 ~= part.utf8.count && !part.hasPrefix(".") && !part.hasSuffix(".")
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
        guard isValid, parts.count <= 8 else {
            throw DeliveryError(
                .usage, "the folder '\(folder)' is no name of A-Z, a-z, 0-9, '.', '_' and '-'; give another one")
        }
    }
}
