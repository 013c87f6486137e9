import CZstd

/// Why bytes were not compressed or decompressed.
public struct ZstandardError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The bytes are not what they should be: broken, cut, followed by others, or of another size.
        case damaged
        /// The frame needs a larger window than allowed.
        case overLimit
        /// The library refused: out of memory, or a parameter.
        case failed
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done and what was found.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: ZstandardError, right: ZstandardError) -> Bool { left.code == right.code }
}

/// The library that does the work, and its limits.
public enum ZstandardLibrary {
    /// The version of the linked library, as `1.5.4`; frames of one level may differ between versions.
    public static var version: String { unsafe String(cString: ZSTD_versionString()) }

    /// The levels that a compressor takes.
    public static let levels = 1...22

    /// What most people want.
    public static let defaultLevel = 9

    /// The binary logarithm of the largest window that a compressor uses and a decompressor accepts: 8 MiB.
    public static let maximumWindowLog = 23

    /// The result of a call, or its error as ours.
    static func check(_ result: Int, _ operation: String) throws(ZstandardError) -> Int {
        guard ZSTD_isError(result) != 0 else { return result }
        let text = unsafe String(cString: ZSTD_getErrorName(result))
        let code: ZstandardError.Code =
            switch ZSTD_getErrorCode(result) {
            case ZSTD_error_frameParameter_windowTooLarge: .overLimit
            case ZSTD_error_memory_allocation, ZSTD_error_workSpace_tooSmall, ZSTD_error_parameter_unsupported,
                ZSTD_error_parameter_outOfBound, ZSTD_error_stage_wrong, ZSTD_error_init_missing:
                .failed
            default: .damaged
            }
        throw ZstandardError(code, "cannot \(operation): \(text)")
    }
}
