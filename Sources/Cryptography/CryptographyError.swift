import COpenSSL

/// Why a key was refused or a signature was not made.
public struct CryptographyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller switches on.
    public enum Code: Sendable {
        /// The bytes are not one key in its one encoding.
        case invalidKey
        /// A key of an algorithm, curve or size that is not in use here.
        case unsupportedKey
        /// The key did not sign.
        case signingFailed
        /// The library refused.
        case failed
    }

    /// What a caller switches on.
    public let code: Code
    /// What was being done, and what OpenSSL said.
    public let message: String

    /// Makes an error with its code and sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }

    /// Equal when the codes are.
    public static func == (left: CryptographyError, right: CryptographyError) -> Bool { left.code == right.code }
}

extension CryptographyError {
    /// With everything that waits in this thread's queue of OpenSSL errors, which is then empty.
    static func draining(_ code: Code, _ message: String) -> CryptographyError {
        var reasons: [String] = []
        while true {
            let number = ERR_get_error()
            guard number != 0 else { break }
            var text = [CChar](repeating: 0, count: 256)
            unsafe ERR_error_string_n(number, &text, text.count)
            reasons.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return CryptographyError(code, reasons.isEmpty ? message : message + ": " + reasons.joined(separator: "; "))
    }

    /// A result of 1 is success for all the calls used here.
    static func check(_ result: Int32, _ code: Code, _ message: String) throws(CryptographyError) {
        guard result == 1 else { throw draining(code, message) }
    }
}
