import DurableFiles
import Glibc

/// Two connected sockets: what one is given the other gives.
///
/// Programs get them for pipes: they read and write them alike, and the buffers are larger.
final class Channel {
    /// For this process; its calls never wait.
    let ours: End
    /// For the program.
    let theirs: End

    /// One of the sockets; closed with the object, or before.
    final class End {
        /// The descriptor; -1 when it is closed.
        private(set) var number: Int32

        fileprivate init(_ number: Int32) { self.number = number }

        deinit { close() }

        var isOpen: Bool { number >= 0 }

        func close() {
            guard isOpen else { return }
            Glibc.close(number)
            number = -1
        }
    }

    init() throws(SystemError) {
        var numbers: [Int32] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &numbers) == 0 else {
            throw SystemError(errno)
        }
        ours = End(numbers[0])
        theirs = End(numbers[1])
        // Only ours: programs that get an input which never waits read it wrongly.
        guard fcntl(ours.number, F_SETFL, O_NONBLOCK) == 0 else { throw SystemError(errno) }
        // What lies in the kernel is what the program reads while the next piece is being made.
        var size = Int32(4 << 20)
        let length = socklen_t(MemoryLayout<Int32>.size)
        if unsafe setsockopt(ours.number, SOL_SOCKET, SO_SNDBUFFORCE, &size, length) != 0 {
            _ = unsafe setsockopt(ours.number, SOL_SOCKET, SO_SNDBUF, &size, length)
        }
    }
}

/// What the system said.
struct SystemError: Error, CustomStringConvertible {
    private let number: Int32

    init(_ number: Int32) { self.number = number }

    var description: String { FileError.systemText(number) }
}
