import Glibc

/// Data goes to stdout, where a failure counts; sentences and progress go to stderr, where none does.
public enum Terminal {
    /// Writes data to standard output; gives 0, or the `errno` that kept some of it from being written.
    public static func write(_ bytes: [UInt8]) -> Int32 { write(bytes, to: STDOUT_FILENO) }

    /// One line on standard error; what does not get there is lost.
    public static func error(_ text: String) { raw(printable(text) + "\n") }

    /// A text that does nothing to a terminal but show itself.
    ///
    /// Names come from registries and from bundles that nobody has signed: what moves a cursor or turns the direction of
    /// writing is shown as its number.
    public static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isActive) else { return text }
        return text.unicodeScalars.map { isActive($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
    }

    private static func isActive(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// Text for standard error as it is; for a terminal's own controls.
    public static func raw(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

    /// Whether somebody looks at standard error.
    public static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }

    /// Makes a pipe that nobody reads an error of the write, which would else end the program, and the ends of programs that
    /// are started known, whatever the parent of this one ignored.
    public static func settleSignals() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGCHLD, SIG_DFL)
    }

    /// Writes everything; gives 0, or the `errno` that kept it from that.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Whoever shares the pipe or terminal made it non-blocking.
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                unsafe poll(&room, 1, -1)
            } else if count == 0 || errno != EINTR {
                return count == 0 ? EIO : errno
            }
        }
        return 0
    }
}
