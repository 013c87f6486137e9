public import ArgumentParser
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
            let directory = try Directory.make(output)
            for file in [name + ".key", name + ".pub"] where try directory.exists(file) {
                throw UsageError(
                    "not replacing \(output)/\(file): a key that is lost cannot be made again; choose another --name")
            }
            let key = try PrivateKey.generate(algorithm)
            try directory.writeFile(name + ".key", key.pem, mode: 0o600)
            try directory.writeFile(name + ".pub", key.publicKey.pem, mode: 0o644)
            Terminal.data("\(output)/\(name).key  keep it secret; it signs bundles")
            Terminal.data("\(output)/\(name).pub  give it to everyone; key id \(key.publicKey.id.hex)")
        }
    }
}

extension SignatureAlgorithm: ExpressibleByArgument {}
