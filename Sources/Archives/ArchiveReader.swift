import CLibArchive
public import DurableFiles
import Glibc

/// Reads a tar, plain or compressed with gzip or zstd, from start to end, strictly: what is cut off or ambiguous is an error, and nothing is unpacked.
///
/// Names are any bytes; `ArchiveEntry.name()` refuses those that lead elsewhere, and callers that need it refuse repeated
/// ones. Blocks. Memory: 1 MiB and what the decompressor needs, at most 128 MiB for zstd.
public struct ArchiveReader: ~Copyable {
    /// More entries than any of the archives that we are for have.
    public static let maximumEntryCount = 1 << 20

    // Destroyed in the order of declaration: the library lets go of the input before that goes.
    private let handle: ArchiveHandle
    private let input: ArchiveInput
    private var entryCount = 0
    private var current: ArchiveEntry?

    /// Opens an archive in a file; parts that nobody reads are skipped by seeking.
    ///
    /// - Throws: `ArchiveError` with code `failed`, `unsupported`, or `damaged` for what is cut off.
    public init(_ file: ReadableFile) throws { try self.init(ArchiveInput(file)) }

    /// Opens an archive that comes as a stream.
    ///
    /// - Parameters:
    ///   - name: What messages call it.
    ///   - read: Fills the start of a buffer and says how much; 0 at the end.
    /// - Throws: As for a file, or what `read` throws.
    public init(
        stream name: String, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws {
        try self.init(unsafe ArchiveInput(name: name, read))
    }

    private init(_ input: ArchiveInput) throws {
        handle = try ArchiveHandle.open(input)
        self.input = input
    }

    /// The next entry; nil at the end.
    ///
    /// What was not read of the one before is skipped.
    ///
    /// - Throws: `ArchiveError`, or what the stream threw.
    public mutating func next() throws -> ArchiveEntry? {
        current = nil
        let pointer = unsafe handle.pointer
        var header: OpaquePointer?
        let code = handle.withLocale { unsafe archive_read_next_header(pointer, &header) }
        if code == ARCHIVE_EOF {
            // The library takes a tar without its two empty blocks for whole.
            guard handle.takenSinceHeader > 0 else {
                throw ArchiveError(.damaged, "'\(input.name)' has no end: it is cut off; copy it again")
            }
            return nil
        }
        guard code == ARCHIVE_OK, let header = unsafe header else {
            throw failure("reading its entry \(entryCount + 1)")
        }
        guard entryCount < Self.maximumEntryCount else {
            throw ArchiveError(
                .overLimit,
                "'\(input.name)' has more than \(Self.maximumEntryCount) entries; it is no archive of images")
        }
        entryCount += 1
        let entry = try unsafe entry(header)
        current = entry
        return entry
    }

    /// The bytes of the file that `next` gave, which are gone when it returns; to be called once for an entry.
    ///
    /// - Throws: `ArchiveError`, or what `body` or the stream threw; exactly `size` bytes came when it does not.
    public mutating func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let entry = current.take(), entry.kind == .file else {
            preconditionFailure("only a file has bytes, and they come once")
        }
        var position: Int64 = 0
        while true {
            var bytes: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let code = unsafe archive_read_data_block(handle.pointer, &bytes, &count, &offset)
            if code == ARCHIVE_EOF { break }
            guard code == ARCHIVE_OK else { throw failure("reading \(ArchiveEntry.shown(entry.path)) in it") }
            guard offset == position, count >= 0, Int64(count) <= entry.size - position else { throw sparse(entry) }
            if count > 0 { try unsafe body(UnsafeRawBufferPointer(start: bytes, count: count)) }
            position += Int64(count)
        }
        guard position == entry.size else { throw sparse(entry) }
    }

    /// The bytes of the file that `next` gave, which must be few.
    ///
    /// - Throws: `ArchiveError`, with code `overLimit` before anything is read.
    public mutating func bytes(limit: Int) throws -> [UInt8] {
        if let current, current.size > limit {
            throw ArchiveError(
                .overLimit,
                "\(ArchiveEntry.shown(current.path)) in '\(input.name)' has \(current.size) bytes; at most \(limit) are read"
            )
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(current?.size ?? 0))
        try unsafe forEachChunk { chunk in unsafe bytes.append(contentsOf: chunk) }
        return bytes
    }

    private func entry(_ header: OpaquePointer) throws -> ArchiveEntry {
        let path = handle.withLocale { unsafe Self.copy(archive_entry_pathname(header)) }
        guard let path, !path.isEmpty else {
            throw ArchiveError(.damaged, "entry \(entryCount) of '\(input.name)' has no name")
        }
        if let target = unsafe Self.copy(archive_entry_hardlink(header)) {
            return ArchiveEntry(path: path, kind: .hardLink(target), size: 0)
        }
        let size = unsafe archive_entry_size(header)
        switch unsafe archive_entry_filetype(header) & Glibc.S_IFMT {
        case Glibc.S_IFREG:
            guard size >= 0, unsafe archive_entry_sparse_count(header) == 0 else {
                throw sparse(ArchiveEntry(path: path, kind: .file, size: 0))
            }
            return ArchiveEntry(path: path, kind: .file, size: size)
        case Glibc.S_IFDIR: return ArchiveEntry(path: path, kind: .directory, size: 0)
        case Glibc.S_IFLNK:
            let target = unsafe Self.copy(archive_entry_symlink(header)) ?? []
            return ArchiveEntry(path: path, kind: .symbolicLink(target), size: 0)
        default: return ArchiveEntry(path: path, kind: .other, size: 0)
        }
    }

    private static func copy(_ text: UnsafePointer<CChar>?) -> [UInt8]? {
        guard let text = unsafe text else { return nil }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    private func failure(_ doing: String) -> any Error { handle.failure(doing, input) }

    private func sparse(_ entry: ArchiveEntry) -> ArchiveError {
        ArchiveError(
            .unsupported,
            "\(ArchiveEntry.shown(entry.path)) in '\(input.name)' has holes or an unknown size; such entries are not taken"
        )
    }
}
