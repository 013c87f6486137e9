public import ArgumentParser
import BundleFormat
import Console
public import Cryptography
import DurableFiles
import OCI

struct KeygenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make a key pair: NAME.key (mode 0600) signs, NAME.pub verifies.")

    @Option(help: ArgumentHelp("The directory for the two files.", valueName: "dir"))
    var output: String

    @Option(help: "The name of the two files.")
    var name = "release"

    @Option(help: "ed25519, ecdsa-p256, ecdsa-p384 or rsa-pss.")
    var algorithm = SignatureAlgorithm.ed25519

    func run() async throws {
        try await ExitStatus.reporting {
            guard name.allSatisfy(\.isASCII), Statement.isName(name.lowercased()) else {
                throw UsageError(
                    "--name '\(name)' cannot be the name of two files; give it 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', "
                        + "the first a letter or digit, and the directory with --output")
            }
            let directory = try directory()
            for file in [name + ".key", name + ".pub"] where try directory.exists(file) {
                throw UsageError(
                    "not replacing \(output)/\(file): a key that is lost cannot be made again; choose another --name")
            }
            let key = try PrivateKey.generate(algorithm)
            try directory.writeFile(name + ".key", key.pem, mode: 0o600)
            try directory.writeFile(name + ".pub", key.publicKey.pem, mode: 0o644)
            try Terminal.data("\(output)/\(name).key  keep it secret; it signs bundles")
            try Terminal.data("\(output)/\(name).pub  give it to everyone; key id \(key.publicKey.id.hex)")
        }
    }

    private func directory() throws -> Directory {
        do throws(FileError) { return try Directory.make(output) } catch {
            guard error.code == .notRegular else { throw error }
            throw UsageError("making keys in \(output): there is a file of this name; name a directory with --output")
        }
    }
}

extension SignatureAlgorithm: ExpressibleByArgument {}
