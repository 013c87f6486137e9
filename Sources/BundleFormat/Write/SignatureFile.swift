public import Cryptography
public import DurableFiles
import OCI

/// Adds signatures to a bundle.
///
/// Spec: docs/format.md section 3.2.
public enum SignatureFile {
    /// Signs the statement and writes the signature; an existing one of the same key is replaced.
    ///
    /// - Returns: The path of the signature in the bundle.
    /// - Throws: `BundleError` with code `files`, `noSpace` or `invalid`.
    @discardableResult
    public static func write(
        for statement: [UInt8], key: PrivateKey, in directory: Directory
    ) throws(BundleError) -> String {
        let signature: [UInt8]
        do throws(CryptographyError) {
            signature = try key.sign(statement)
        } catch {
            throw BundleError(.invalid, "signing STATEMENT: \(error.message)", cause: error)
        }
        return try attach(signature, of: statement, by: key.publicKey, in: directory)
    }

    /// Writes a signature that was made elsewhere, after checking it.
    ///
    /// - Returns: The path of the signature in the bundle.
    /// - Throws: `BundleError` with code `notTrusted` when it is not valid; `files` or `noSpace`.
    @discardableResult
    public static func attach(
        _ signature: [UInt8], of statement: [UInt8], by key: PublicKey, in directory: Directory
    ) throws(BundleError) -> String {
        guard signature.count <= BundleLayout.maximumSignatureSize, key.isValid(signature: signature, of: statement)
        else {
            throw BundleError(
                .notTrusted,
                "attaching a signature to \(directory.path): its \(signature.count) bytes are no \(key.algorithm.rawValue) "
                    + "signature of STATEMENT by key \(key.id.hex); nothing was written")
        }
        let path = BundleLayout.signatures + "/" + key.signatureFileName
        do throws(FileError) {
            _ = try directory.makeSubdirectory(BundleLayout.signatures)
            try directory.writeFile(path, signature)
        } catch {
            throw BundleError(error)
        }
        return path
    }
}
