import CLinux
import Glibc

/// A file that tells others that somebody is at work: it is held as long as this object lives, and no longer than its process.
public final class HeldFile: Sendable {
    private let descriptor: Descriptor

    /// A shared lock: who may read the file can look, and hold it too, but can keep nobody from holding it.
    init(_ name: String, in directory: Directory) throws(FileError) {
        // Never by renaming, which would take the name from a file that another process has just made and holds.
        descriptor = try directory.open(name, O_RDONLY | O_CREAT | O_NONBLOCK, "open", mode: 0o644)
        let path = directory.full(name)
        _ = try descriptor.regularSize(path: path)
        // Whatever the umask is; who is not its owner leaves it as it is.
        _ = fchmod(descriptor.number, 0o644)
        guard clinux_hold(descriptor.number) == 0 else { throw FileError("hold", path) }
    }
}

extension Directory {
    /// Makes a file where it is not there, which may be lost in a power cut, and holds it beside whoever holds it already.
    public func holdFile(_ name: String) throws(FileError) -> HeldFile { try HeldFile(name, in: self) }

    /// Whether somebody holds a file; nil when it is not there.
    public func isHeld(_ name: String) throws(FileError) -> Bool? {
        guard try exists(name) else { return nil }
        let descriptor = try open(name, O_RDONLY | O_NONBLOCK, "open")
        _ = try descriptor.regularSize(path: full(name))
        let result = clinux_is_held(descriptor.number)
        guard result >= 0 else { throw FileError("see who holds", full(name)) }
        return result == 1
    }
}
