public import StrictJSON

/// An operating system and processor, `os/architecture[/variant]`.
///
/// Spec: image-spec v1.1 image-index.md § platform. Names are those of Go's GOOS and GOARCH.
public struct Platform: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// As `linux`.
    public let os: String
    /// As `amd64`.
    public let architecture: String
    /// As `v7`; nil when there is but one.
    public let variant: String?
    /// As `10.0.17763.1`, on Windows.
    public let osVersion: String?

    /// A platform of its parts.
    public init(os: String, architecture: String, variant: String? = nil, osVersion: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
        self.osVersion = osVersion
    }

    /// From `linux/amd64` or `linux/arm/v7`.
    ///
    /// - Throws: `OCIError` with code `invalidPlatform`.
    public init(parsing text: String) throws(OCIError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let areNames = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
        guard 2...3 ~= parts.count, areNames else {
            throw OCIError(.invalidPlatform, "'\(text)' is not os/architecture or os/architecture/variant")
        }
        self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
    }

    /// From the `platform` member of a descriptor.
    public init(json node: JSONNode) throws(JSONError) {
        os = try node.member("os").string()
        architecture = try node.member("architecture").string()
        let variant = try node.optional("variant")?.string()
        self.variant = variant == "" ? nil : variant
        osVersion = try node.optional("os.version")?.string()
    }

    /// As in a descriptor.
    public var json: JSONValue {
        .object([
            "architecture": .string(architecture), "os": .string(os), "os.version": osVersion.map(JSONValue.string),
            "variant": variant.map(JSONValue.string),
        ])
    }

    /// `os/architecture[/variant]`.
    public var description: String { ([os, architecture] + [variant].compactMap(\.self)).joined(separator: "/") }

    /// How well an image for this platform serves a wish; nil when it does not, lower is better.
    ///
    /// `arm64` and `arm64/v8` are one, and so are `amd64` and `amd64/v1`, and `arm` and `arm/v7`; an `arm/v7` wish also takes
    /// v6 and v5. On other architectures a wish without variant takes any.
    public func rank(for wish: Platform) -> Int? {
        guard os == wish.os, architecture == wish.architecture else { return nil }
        if let version = wish.osVersion, version != osVersion { return nil }
        guard let wanted = wish.effectiveVariant else { return variant == nil ? 0 : 1 }
        let mine = effectiveVariant
        if mine == wanted { return 0 }
        guard architecture == "arm", let own = mine?.armGeneration, let limit = wanted.armGeneration, own < limit else {
            return nil
        }
        return limit - own
    }

    private var effectiveVariant: String? {
        switch (architecture, variant) {
        case ("arm64", nil): "v8"
        case ("amd64", nil): "v1"
        case ("arm", nil): "v7"
        default: variant
        }
    }

    /// The order of the spellings.
    public static func < (left: Platform, right: Platform) -> Bool { left.description < right.description }
}

extension String {
    /// The 7 of `v7`; one digit only, since the text comes from anybody.
    fileprivate var armGeneration: Int? { utf8.count == 2 && hasPrefix("v") ? last?.wholeNumberValue : nil }
}
