import BundleLoader
import Glibc

/// The loader as one static program, for the first boot of a target; docs/loading.md.
@main
struct FirstBoot {
    static func main() async {
        let process = ProcessArguments()
        // The target's own may name modules, which a static program cannot load.
        unsafe setenv("OPENSSL_CONF", "/dev/null", 1)
        do throws(UsageError) {
            let options = try CommandLineOptions(process.arguments)
            switch options.action {
            case .help: print(CommandLineOptions.help)
            case .version: print(LoaderVersion.number)
            case .load, .checkConfiguration, .status, .wait:
                exit(await run(options, environment: process.environment))
            }
        } catch {
            fail("\(error.message); 'bundle-firstboot --help' lists the options")
            exit(64)
        }
    }

    /// Does what the options say, and gives the exit code.
    private static func run(_ options: CommandLineOptions, environment: [String: String]) async -> Int32 {
        fail("this version cannot load yet")
        return 1
    }

    /// Writes the sentence of a failure.
    private static func fail(_ sentence: String) {
        let line = Array("bundle-firstboot: \(sentence)\n".utf8)
        // What standard error does not take is lost; there is nobody to tell.
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
