import Glibc

/// Why an operation on a file or directory failed.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The name does not exist.
        case notFound
        /// The name exists already, or a directory is not empty.
        case exists
        /// The volume or the quota is full.
        case noSpace
        /// A link, FIFO, device, directory or mount point where something else should be.
        case notRegular
        /// The permissions forbid it.
        case permission
        /// The volume is mounted read-only.
        case readOnly
        /// More bytes, entries or levels than the caller allows.
        case overLimit
        /// The file ends before the bytes that should be there.
        case truncated
        /// Someone else holds the lock or uses the file.
        case busy
        /// Not a relative name without `.`, `..`, empty parts and NUL.
        case invalidName
        /// The device or the kernel failed.
        case io
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done, to which path, and what the kernel said.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: FileError, right: FileError) -> Bool { left.code == right.code }
}

extension FileError {
    /// The one place that turns `errno` into a code and a sentence.
    init(_ operation: String, _ path: String, errno number: Int32 = errno) {
        self.init(Self.code(number), "cannot \(operation) '\(path)': \(Self.text(number))")
    }

    private static func code(_ number: Int32) -> Code {
        switch number {
        case ENOENT: .notFound
        case EEXIST, ENOTEMPTY: .exists
        case ENOSPC, EDQUOT: .noSpace
        case ELOOP, EXDEV, EISDIR, ENOTDIR, ENXIO, ENODEV: .notRegular
        case EACCES, EPERM: .permission
        case EROFS: .readOnly
        case EFBIG: .overLimit
        case EWOULDBLOCK, EBUSY, ETXTBSY: .busy
        case ENAMETOOLONG: .invalidName
        default: .io
        }
    }

    private static func text(_ number: Int32) -> String {
        switch number {
        case ELOOP: "a symbolic link is in the way; only real files and directories are used"
        case EXDEV: "another volume is mounted there; everything must lie on one volume"
        case ENOSYS: "the kernel lacks this call (Linux 5.6 or later is needed)"
        default: systemText(number)
        }
    }

    /// What the kernel means by an error number.
    public static func systemText(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
