import ArgumentParser
import BundleLoader

@main
struct BundleProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Container images as one small, signed, verifiable directory for sites without a network.",
        discussion: """
            Exit codes: 0 done; 1 unexpected; 3 not trusted; 4 damaged; 5 not found; 6 not enough space; \
            7 the target refused or is not there; 8 the registry, network or credentials failed; 64 usage, or a mistake in a spec or lock.
            """,
        version: LoaderVersion.number,
        subcommands: [
            KeygenCommand.self, LockCommand.self, BuildCommand.self, SignCommand.self, VerifyCommand.self,
            InspectCommand.self, LoadCommand.self, PushCommand.self, ServeCommand.self, ExportCommand.self,
            DiscCommand.self, StickCommand.self,
        ])
}
