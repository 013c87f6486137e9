import ArgumentParser
import DurableFiles
import Foundation

/// Data goes to stdout, where a failure counts; sentences and progress go to stderr, where none does.
enum Terminal {
    /// One line of data.
    ///
    /// - Throws: as `data(_: [UInt8])`.
    static func data(_ text: String) throws { try data(Array((printable(text) + "\n").utf8)) }

    /// Data as it is.
    ///
    /// - Throws: `FileError`, with code `noSpace` on a full volume; `ExitCode` where nobody reads any more.
    static func data(_ bytes: [UInt8]) throws {
        switch write(bytes, to: STDOUT_FILENO) {
        case 0: return
        case EPIPE: throw ExitCode(ExitStatus.unexpected.rawValue)
        case let number:
            throw FileError(
                number == ENOSPC || number == EDQUOT ? .noSpace : .io,
                "writing to standard output: \(String(cString: strerror(number))); "
                    + "not everything was written, send the output elsewhere and run the command again")
        }
    }

    static func error(_ text: String) { raw(printable(text) + "\n") }

    /// Names come from registries and from bundles that nobody has signed: what moves a cursor or turns the direction of
    /// writing is shown as its number.
    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isActive) else { return text }
        return text.unicodeScalars.map { isActive($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
    }

    private static func isActive(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    static func raw(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

    static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }

    /// Makes a pipe that nobody reads an error of the write, which would else end the program.
    static func survivingClosedPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Writes everything; gives 0, or the `errno` that kept it from that.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Whoever shares the pipe or terminal made it non-blocking.
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&room, 1, -1)
            } else if count == 0 || errno != EINTR {
                return count == 0 ? EIO : errno
            }
        }
        return 0
    }
}

/// Sizes, numbers and times for people.
enum Text {
    /// With decimal units, as disks and registries count: `12.3 MB`.
    static func bytes(_ count: Int64) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB"] {
            if abs(value) < 1000 { return unit == "B" ? "\(count) B" : String(format: "%.1f %@", value, unit) }
            value /= 1000
        }
        return String(format: "%.2f TB", value)
    }

    /// `1 image`, `2 images`.
    static func count(_ number: Int, _ thing: String) -> String { "\(number) \(thing)\(number == 1 ? "" : "s")" }

    /// `12 s`, `3 min 4 s`.
    static func duration(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }

    static func percent(_ part: Int64, of whole: Int64) -> String {
        whole == 0 ? "-" : String(format: "%.1f %%", Double(part) / Double(whole) * 100)
    }
}
