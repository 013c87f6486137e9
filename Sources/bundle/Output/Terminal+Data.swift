import ArgumentParser
import Console
import DurableFiles
import Foundation

extension Terminal {
    /// One line of data.
    ///
    /// - Throws: as `data(_: [UInt8])`.
    static func data(_ text: String) throws { try data(Array((printable(text) + "\n").utf8)) }

    /// Data as it is.
    ///
    /// - Throws: `FileError`, with code `noSpace` on a full volume; `ExitCode` where nobody reads any more.
    static func data(_ bytes: [UInt8]) throws {
        switch write(bytes) {
        case 0: return
        case EPIPE: throw ExitCode(ExitStatus.unexpected.rawValue)
        case let number:
            throw FileError(
                number == ENOSPC || number == EDQUOT ? .noSpace : .io,
                "writing to standard output: \(String(cString: strerror(number))); "
                    + "not everything was written, send the output elsewhere and run the command again")
        }
    }
}
