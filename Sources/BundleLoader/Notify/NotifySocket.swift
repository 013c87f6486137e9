import Glibc

/// The address of a unix datagram socket that messages are sent to.
struct NotifySocket: Sendable {
    private let path: [UInt8]
    private let isAbstract: Bool

    /// An absolute path, or a name without file after an `@`; nil for anything else.
    init?(path text: String) {
        isAbstract = text.hasPrefix("@")
        guard isAbstract || text.hasPrefix("/") else { return nil }
        path = Array(isAbstract ? [0] + text.utf8.dropFirst() : Array(text.utf8))
        // A path keeps its final NUL; a name has none.
        let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        guard path.count >= 2, path.count < capacity + (isAbstract ? 1 : 0) else { return nil }
    }

    /// Sends one datagram without waiting; what is not taken is lost.
    func send(_ message: String) {
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return }
        defer { close(number) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let size = socklen_t(start + path.count + (isAbstract ? 0 : 1))
        let bytes = Array(message.utf8)
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = unsafe sendto(
                    number, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), address,
                    size)
            }
        }
    }
}
