import Glibc

/// What a host name says by itself about where it leads.
enum Host {
    /// Where an address leads.
    enum Kind: Sendable {
        case loopback
        case unspecified
        case linkLocal
        case privateNetwork
        case other
    }

    /// The kind of a host in a URL or reference, with or without the brackets of IPv6; names other than `localhost` are `other`.
    ///
    /// Reads the spellings that the resolver reads, so that `0x7f.1` and `::ffff:127.0.0.1` do not pass for something else.
    static func kind(of text: String) -> Kind {
        var host = text.lowercased()
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host.hasSuffix(".") { host.removeLast() }
        if host == "localhost" { return .loopback }
        if let bytes = ipv4(host) { return kind(ofIPv4: bytes) }
        if let bytes = ipv6(String(host.prefix { $0 != "%" })) { return kind(ofIPv6: bytes) }
        return .other
    }

    /// The four bytes of an IPv4 address in any spelling that resolvers take; nil for anything else.
    static func ipv4(_ text: String) -> [UInt8]? {
        guard text.utf8.first.map({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) ?? false else { return nil }
        var address = in_addr()
        guard unsafe inet_aton(text, &address) == 1 else { return nil }
        let number = UInt32(bigEndian: address.s_addr)
        return stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }

    /// The sixteen bytes of an IPv6 address; nil for anything else.
    static func ipv6(_ text: String) -> [UInt8]? {
        guard text.utf8.contains(UInt8(ascii: ":")) else { return nil }
        var address = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
    }

    private static func kind(ofIPv4 bytes: [UInt8]) -> Kind {
        switch (bytes[0], bytes[1]) {
        case (127, _): .loopback
        case (0, _): .unspecified
        case (169, 254): .linkLocal
        case (10, _), (172, 16...31), (192, 168), (100, 64...127): .privateNetwork
        default: .other
        }
    }

    private static func kind(ofIPv6 bytes: [UInt8]) -> Kind {
        let head = bytes.prefix(12)
        let isMapped = head.elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
        let isTranslated = head.elementsEqual([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0])
        if isMapped || isTranslated { return kind(ofIPv4: Array(bytes.suffix(4))) }
        if bytes.dropLast().allSatisfy({ $0 == 0 }) {
            if bytes[15] == 1 { return .loopback }
            if bytes[15] == 0 { return .unspecified }
        }
        if head.allSatisfy({ $0 == 0 }) { return kind(ofIPv4: Array(bytes.suffix(4))) }
        if bytes[0] == 0xfe, bytes[1] & 0xc0 == 0x80 { return .linkLocal }
        if bytes[0] & 0xfe == 0xfc || (bytes[0] == 0xfe && bytes[1] & 0xc0 == 0xc0) { return .privateNetwork }
        return .other
    }
}
