import Foundation

/// Texts that the kernel makes while they are read, as those of `/proc`.
public enum KernelText {
    /// The whole text.
    ///
    /// Foundation takes an answer that is shorter than asked for as the end, where the kernel only stops at a page.
    ///
    /// - Throws: `CommandError` when it cannot be read.
    public static func read(_ path: String) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CommandError(.failed, "cannot open \(path)")
        }
        var bytes = Data()
        while let part = try file.read(upToCount: 4096), !part.isEmpty { bytes += part }
        return String(decoding: bytes, as: UTF8.self)
    }
}
