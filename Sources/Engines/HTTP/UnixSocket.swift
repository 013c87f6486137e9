import DurableFiles
import Glibc

/// A connection to a socket of the file system that belongs to root or to us, as does the process behind it.
///
/// No call waits, except `wait`.
struct UnixSocket: ~Copyable {
    private let number: Int32
    private let path: String

    /// What a socket took or gave.
    enum Transfer {
        case bytes(Int)
        case wouldBlock
        /// The other side takes or gives no more.
        case closed
    }

    /// Connects.
    ///
    /// - Throws: `EngineError` with code `unreachable`.
    init(connectingTo path: String) throws(EngineError) {
        try Self.checkFile(path)
        let socket = UnixSocket(
            number: Glibc.socket(
                AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0),
            path: path)
        guard socket.number >= 0 else {
            throw Self.failure(path, "no socket could be made: \(FileError.systemText(errno))")
        }
        try socket.connect()
        try socket.checkPeer()
        // What lies in the kernel is what the other side reads while the next piece is being decompressed.
        var size = Int32(4 << 20)
        let length = socklen_t(MemoryLayout<Int32>.size)
        if unsafe setsockopt(socket.number, SOL_SOCKET, SO_SNDBUFFORCE, &size, length) != 0 {
            _ = unsafe setsockopt(socket.number, SOL_SOCKET, SO_SNDBUF, &size, length)
        }
        self = socket
    }

    private init(number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    deinit { if number >= 0 { close(number) } }

    /// Sends what fits.
    func send(_ bytes: UnsafeRawBufferPointer) throws(EngineError) -> Transfer {
        while true {
            let count = unsafe Glibc.send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case EPIPE, ECONNRESET, ENOTCONN: return .closed
            default: throw Self.failure(path, "sending failed: \(FileError.systemText(errno))")
            }
        }
    }

    /// Receives what is there.
    func receive(into buffer: UnsafeMutableRawBufferPointer) throws(EngineError) -> Transfer {
        while true {
            let count = unsafe recv(number, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .closed }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case ECONNRESET: return .closed
            default: throw Self.failure(path, "receiving failed: \(FileError.systemText(errno))")
            }
        }
    }

    /// Waits until something can be received, or sent where that is wanted, and at most so many milliseconds.
    ///
    /// - Returns: Whether anything can be done.
    func wait(toReceive: Bool, toSend: Bool, milliseconds: Int32) -> Bool {
        let events = (toReceive ? POLLIN : 0) | (toSend ? POLLOUT : 0)
        var request = pollfd(fd: number, events: Int16(events), revents: 0)
        // An interruption counts as time over: the caller looks at its clock.
        return unsafe poll(&request, 1, milliseconds) > 0
    }

    private func connect() throws(EngineError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        while true {
            let result = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(number, $0, length)
                }
            }
            if result == 0 { return }
            switch errno {
            case EINTR: continue
            case EACCES, EPERM:
                throw Self.failure(path, "permission denied; run as root or as a user who may use it")
            case ECONNREFUSED: throw Self.failure(path, "nothing listens there; start the daemon")
            default: throw Self.failure(path, FileError.systemText(errno))
            }
        }
    }

    /// Whether there is anything at this path.
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Whether somebody listens there whom we would connect to.
    ///
    /// - Throws: `EngineError` with code `unreachable`.
    static func check(_ path: String) throws(EngineError) { _ = try UnixSocket(connectingTo: path) }

    /// The path must be a socket itself, since a link in its place may be anybody's.
    private static func checkFile(_ path: String) throws(EngineError) {
        // The address has room for 107 bytes and a NUL.
        guard 1...107 ~= path.utf8.count, !path.utf8.contains(0) else {
            throw failure(path, "the path of a socket has 1 to 107 bytes")
        }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            throw failure(path, errno == ENOENT ? "it does not exist; start the daemon" : FileError.systemText(errno))
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw failure(path, "it is no socket; name the daemon's socket itself, not a link")
        }
        guard isTrusted(status.st_uid) else {
            throw failure(path, "it belongs to user \(status.st_uid), not to root or to user \(geteuid())")
        }
    }

    private func checkPeer() throws(EngineError) {
        // struct ucred: process, user, group.
        var peer: (Int32, UInt32, UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout<(Int32, UInt32, UInt32)>.size)
        guard unsafe getsockopt(number, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 else {
            throw Self.failure(path, "it is not known who listens there: \(FileError.systemText(errno))")
        }
        guard Self.isTrusted(peer.1) else {
            throw Self.failure(path, "user \(peer.1) listens there, neither root nor user \(geteuid())")
        }
    }

    private static func isTrusted(_ user: uid_t) -> Bool { user == 0 || user == geteuid() }

    private static func failure(_ path: String, _ what: String) -> EngineError {
        EngineError(.unreachable, "connecting to \(path): \(what)")
    }
}
