import ArgumentParser
import BundleFormat
import Console
import Cryptography
import DurableFiles
import OCI

struct SignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Add a signature to a bundle: by a key file, or made by an HSM or key service.")

    @Argument(help: "The bundle.")
    var directory: String

    @Option(help: ArgumentHelp("Sign with this private key.", valueName: "file"))
    var key: String?

    @Option(help: ArgumentHelp("A file with the passphrase of the private key.", valueName: "file"))
    var passphraseFile: String?

    @Flag(help: "Say what an external signer has to sign, and how.")
    var external = false

    @Option(help: ArgumentHelp("Add this signature, made elsewhere; it is verified first.", valueName: "file"))
    var attach: String?

    @Option(help: ArgumentHelp("The public key of --attach.", valueName: "file"))
    var publicKey: String?

    func run() async throws {
        try await ExitStatus.reporting {
            try checkUsage()
            let files = try BundleFiles(path: directory)
            let bytes = try files.statementBytes()
            // Nobody signs what contradicts itself.
            let statement = try Statement(parsing: bytes)
            _ = try files.manifest(statement)
            _ = try files.checksums(statement)
            if let key {
                let key = try KeyFile.privateKey(key, passphraseFile: passphraseFile)
                try Terminal.data(SignatureFile.write(for: bytes, key: key, in: Directory(opening: directory)))
            } else if let attach, let publicKey {
                let key = try KeyFile.publicKey(publicKey)
                let signature = try KeyFile.read(attach)
                try Terminal.data(
                    SignatureFile.attach(signature, of: bytes, by: key, in: Directory(opening: directory)))
            } else {
                try show(bytes)
            }
        }
    }

    private func checkUsage() throws {
        guard [key != nil, external, attach != nil].filter(\.self).count == 1 else {
            throw UsageError("give one of --key, --external and --attach")
        }
        guard (attach == nil) == (publicKey == nil) else {
            throw UsageError("--attach and --public-key belong together; give both")
        }
        guard passphraseFile == nil || key != nil else {
            throw UsageError("--passphrase-file opens the key of --key; give both")
        }
    }

    private func show(_ statement: [UInt8]) throws {
        let path = "\(directory)/\(BundleLayout.statement)"
        let lines = """
            sign     \(path)
            size     \(statement.count) bytes
            sha256   \(SHA256Hasher.digest(of: statement).hex)

            Ed25519      openssl pkeyutl -sign -rawin -inkey KEY -in \(path) -out signature.bin
            ECDSA P-256  openssl dgst -sha256 -sign KEY -out signature.bin \(path)
            ECDSA P-384  openssl dgst -sha384 -sign KEY -out signature.bin \(path)
            RSA-PSS      openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sign KEY -out signature.bin \(path)
            PKCS #11     pkcs11-tool --sign -m ECDSA-SHA256 --signature-format openssl -i \(path) -o signature.bin
            A key service signs the file as a raw message with ECDSA_SHA_256, ECDSA_SHA_384 or RSASSA_PSS_SHA_256.

            then     bundle sign \(directory) --attach signature.bin --public-key KEY.pub
            """
        for line in lines.split(separator: "\n", omittingEmptySubsequences: false) { try Terminal.data(String(line)) }
    }
}
