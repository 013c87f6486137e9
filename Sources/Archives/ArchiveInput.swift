import CLibArchive
import DurableFiles
import Glibc

/// Where the bytes of an archive come from; the library's callbacks end here.
///
/// A class, since the library holds a pointer to it. Used by one task at a time.
@safe final class ArchiveInput {
    /// For messages.
    let name: String
    /// Why the last callback failed.
    private(set) var failure: (any Error)?
    private let source: Source
    private let buffer: UnsafeMutableRawBufferPointer
    private var position: Int64 = 0

    @safe private enum Source {
        case file(ReadableFile)
        case stream((UnsafeMutableRawBufferPointer) throws -> Int)
    }

    private static let bufferSize = 1 << 20

    init(_ file: ReadableFile) {
        name = file.path
        source = .file(file)
        unsafe buffer = .allocate(byteCount: Self.bufferSize, alignment: 64)
    }

    init(name: String, _ read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        self.name = name
        unsafe source = .stream(read)
        unsafe buffer = .allocate(byteCount: Self.bufferSize, alignment: 64)
    }

    deinit { unsafe buffer.deallocate() }

    /// Connects an archive that lives shorter than this.
    func open(_ archive: OpaquePointer) -> Int32 {
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe archive_read_set_callback_data(archive, this)
        unsafe archive_read_set_read_callback(archive) { _, this, bytes in
            guard let this = unsafe this, let bytes = unsafe bytes else { return -1 }
            return unsafe Unmanaged<ArchiveInput>.fromOpaque(this).takeUnretainedValue().read(bytes)
        }
        if case .file = source {
            unsafe archive_read_set_skip_callback(archive) { _, this, count in
                guard let this = unsafe this else { return -1 }
                return unsafe Unmanaged<ArchiveInput>.fromOpaque(this).takeUnretainedValue().skip(count)
            }
            unsafe archive_read_set_seek_callback(archive) { _, this, offset, origin in
                guard let this = unsafe this else { return -1 }
                return unsafe Unmanaged<ArchiveInput>.fromOpaque(this).takeUnretainedValue().seek(offset, origin)
            }
        }
        return unsafe archive_read_open1(archive)
    }

    private func read(_ bytes: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do {
            let count =
                switch source {
                case .file(let file): try unsafe file.readAvailable(at: position, into: buffer)
                case .stream(let read): try unsafe read(buffer)
                }
            unsafe bytes.pointee = UnsafeRawPointer(buffer.baseAddress)
            position += Int64(count)
            return count
        } catch {
            failure = error
            return -1
        }
    }

    /// Never beyond the end: the library takes a skip for granted, and would believe a file that is cut off.
    private func skip(_ count: Int64) -> Int64 {
        guard case .file(let file) = source else { return 0 }
        let possible = max(0, min(count, file.size - position))
        position += possible
        return possible
    }

    private func seek(_ offset: Int64, _ origin: Int32) -> Int64 {
        guard case .file(let file) = source else { return -1 }
        let base: Int64 = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? position : file.size
        let (target, isTooMuch) = base.addingReportingOverflow(offset)
        guard !isTooMuch, 0...file.size ~= target else { return -1 }
        position = target
        return target
    }
}
