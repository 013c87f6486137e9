import Foundation

/// Reads, copies and damages the files of a directory.
enum BundleTree {
    /// The paths of the regular files, sorted.
    static func files(in root: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root).sorted().filter { path in
            var status = stat()
            return lstat(root + "/" + path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        }
    }

    static func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(file) }
        guard bytes.withUnsafeBytes({ Foundation.write(file, $0.baseAddress, $0.count) }) == bytes.count else {
            throw POSIXError(.EIO)
        }
    }

    static func copy(_ source: String, to target: String) throws {
        try FileManager.default.copyItem(atPath: source, toPath: target)
    }

    static func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }

    static func move(_ source: String, to target: String) throws {
        guard rename(source, target) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    static func link(_ path: String, to target: String) throws {
        guard symlink(target, path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    static func makePipe(_ path: String) throws {
        guard mkfifo(path, 0o644) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Makes something under a name that need not be text.
    static func make(_ path: [UInt8], _ kind: mode_t) throws {
        let name = path.map { CChar(bitPattern: $0) } + [0]
        let result: Int32 =
            switch kind {
            case S_IFDIR: mkdir(name, 0o755)
            case S_IFLNK: symlink("/etc", name)
            default: mknod(name, kind | 0o644, 0)
            }
        guard result == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    /// Changes bits of one byte in place.
    static func flip(_ path: String, at offset: Int, mask: UInt8 = 1) throws {
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(file) }
        var byte: UInt8 = 0
        guard pread(file, &byte, 1, off_t(offset)) == 1 else { throw POSIXError(.EIO) }
        byte ^= mask
        guard pwrite(file, &byte, 1, off_t(offset)) == 1 else { throw POSIXError(.EIO) }
    }

    /// Everything in a directory with kind, size, time of change and number, to see that nothing was touched.
    static func fingerprint(_ root: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root).sorted().map { path in
            var status = stat()
            lstat(root + "/" + path, &status)
            return "\(path) \(status.st_mode) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) "
                + "\(status.st_ino) \(status.st_nlink)"
        }
    }
}
