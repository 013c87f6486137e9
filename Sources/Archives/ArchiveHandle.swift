import CLibArchive
import Glibc

/// The library's reader, and the locale in which it takes names for UTF-8.
@safe struct ArchiveHandle: ~Copyable {
    let pointer: OpaquePointer
    private let locale: locale_t

    private init() throws(ArchiveError) {
        // The C locale knows no UTF-8, and setlocale would change the whole process.
        guard let locale = unsafe newlocale(LC_CTYPE_MASK, "C.UTF-8", nil) else {
            throw ArchiveError(.failed, "cannot read archives: the system has no locale C.UTF-8; install it (libc-bin)")
        }
        guard let pointer = unsafe archive_read_new() else {
            unsafe freelocale(locale)
            throw ArchiveError(.failed, "cannot read an archive: no memory for the reader")
        }
        unsafe self.pointer = pointer
        unsafe self.locale = locale
    }

    /// A reader of an archive, connected to its bytes.
    ///
    /// - Throws: `ArchiveError` with code `failed`, or as `failure`: the library looks at the first bytes here.
    static func open(_ input: ArchiveInput) throws -> ArchiveHandle {
        let handle = try ArchiveHandle()
        let pointer = unsafe handle.pointer
        let isSetUp =
            unsafe archive_read_support_format_tar(pointer) == ARCHIVE_OK
            && archive_read_support_filter_gzip(pointer) == ARCHIVE_OK
            && archive_read_support_filter_zstd(pointer) == ARCHIVE_OK
        guard isSetUp else { throw ArchiveError(.failed, "cannot read '\(input.name)': \(handle.complaint)") }
        guard unsafe input.open(pointer) == ARCHIVE_OK else { throw handle.failure("opening it", input) }
        return handle
    }

    deinit {
        unsafe archive_read_free(pointer)
        unsafe freelocale(locale)
    }

    /// Calls the library where names may be converted.
    func withLocale<Result>(_ body: () -> Result) -> Result {
        let previous = unsafe uselocale(locale)
        defer { unsafe uselocale(previous) }
        return body()
    }

    /// What the library says of its last failure.
    var complaint: String {
        unsafe archive_error_string(pointer).map { unsafe String(cString: $0) } ?? "no reason is given"
    }

    /// Why a call failed: the stream's own error where there is one.
    func failure(_ doing: String, _ input: ArchiveInput) -> any Error {
        if let failure = input.failure { return failure }
        let complaint = complaint
        guard complaint != "Unrecognized archive format" else {
            return ArchiveError(.unsupported, "'\(input.name)' is no tar, nor one in gzip or zstd")
        }
        return ArchiveError(.damaged, "'\(input.name)' is damaged: \(doing) failed: \(complaint); copy it again")
    }

    /// How many bytes of the archive, decompressed, were taken after the start of the last header.
    var takenSinceHeader: Int64 { unsafe archive_filter_bytes(pointer, 0) - archive_read_header_position(pointer) }
}
