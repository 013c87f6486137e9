import BundleFormat
import Cryptography
import DurableFiles
import Foundation

/// Reads keys from files that people name.
enum KeyFile {
    static func privateKey(_ path: String, passphraseFile: String?) throws -> PrivateKey {
        let passphrase = try passphraseFile.map { path in
            let bytes = try read(path)
            return Array(bytes.prefix { $0 != 0x0A && $0 != 0x0D })
        }
        let pem = try read(path)
        do throws(CryptographyError) {
            return try PrivateKey(pem: pem, passphrase: passphrase)
        } catch {
            throw UsageError("reading the signing key \(path): \(error.message)")
        }
    }

    static func publicKey(_ path: String) throws -> PublicKey {
        let pem = try read(path)
        do throws(CryptographyError) { return try PublicKey(pem: pem) } catch {
            throw UsageError("reading the public key \(path): \(error.message)")
        }
    }

    /// The bytes of a small file.
    static func read(_ path: String, limit: Int = 64 << 10) throws -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw UsageError("reading \(path): it is not there, or may not be read; check the path and its permissions")
        }
        defer { try? handle.close() }
        // Not only regular files: a passphrase may come through a pipe of the shell.
        let bytes: [UInt8]
        do { bytes = Array(try handle.read(upToCount: limit + 1) ?? Data()) } catch {
            throw UsageError("reading \(path): it is a directory or cannot be read; name a file")
        }
        guard bytes.count <= limit else { throw UsageError("reading \(path): it is larger than \(limit) bytes") }
        return bytes
    }
}
