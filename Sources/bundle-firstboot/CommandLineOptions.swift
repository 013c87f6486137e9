import BundleLoader

/// What the command line asks for; strict, so that no mistake loads something.
struct CommandLineOptions: Equatable {
    /// What is to be done.
    enum Action: Equatable {
        /// Loads the bundle, as the configuration says.
        case load
        /// Reads configuration, keys and policy, and says what a load would do.
        case checkConfiguration
        /// Prints what the last run did.
        case status(asJSON: Bool)
        /// Waits until an image is ready.
        case wait(marker: String)
        /// Prints the version.
        case version
        /// Prints the options.
        case help
    }

    /// What is to be done.
    private(set) var action = Action.load
    /// The configuration file; nil for the usual one, which may be absent.
    private(set) var configuration: String?

    /// The text of `--help`.
    static let help = """
        Usage: bundle-firstboot [--config FILE] [--check-config | --status [--json] | --wait-for MARKER]

        Loads the images of a verified bundle into this machine's engine, where LOAD_IMAGE is true.

          --config FILE      read this configuration, not /etc/bundle/firstboot.env
          --check-config     check configuration, keys and policy, say what would be done, change nothing
          --status           print what the last run did, rollback floors and the journal
          --json             with --status: print the receipt of the last run as it is
          --wait-for MARKER  wait until the image of this ready marker is loaded
          --version          print the version
          --help             print this

        Exit codes: 0 done, 1 unexpected, 3 not trusted, 4 damaged, 5 not found, 6 no space,
        7 engine, 64 usage.
        """

    private enum Name: String, CaseIterable {
        case config, checkConfig = "check-config", status, json, waitFor = "wait-for", version, help

        /// What its value is; nil for an option without one.
        var value: String? {
            switch self {
            case .config: "FILE"
            case .waitFor: "MARKER"
            case .checkConfig, .status, .json, .version, .help: nil
            }
        }

        var option: String { "--" + rawValue }
    }

    /// Reads arguments, without the program's name.
    init(_ arguments: [String]) throws(UsageError) {
        let options = try Self.scan(arguments)
        if options[.help] != nil {
            action = .help
            return
        }
        let actions = [Name.checkConfig, .status, .waitFor, .version].filter { options[$0] != nil }
        guard actions.count <= 1 else {
            throw UsageError("\(actions[0].option) and \(actions[1].option) are two different things to do; give one")
        }
        guard options[.json] == nil || actions == [.status] else {
            throw UsageError("--json belongs to --status; give both or none")
        }
        configuration = options[.config]
        switch actions.first {
        case .checkConfig: action = .checkConfiguration
        case .status: action = .status(asJSON: options[.json] != nil)
        case .waitFor: action = .wait(marker: options[.waitFor, default: ""])
        case .version: action = .version
        default: action = .load
        }
    }

    /// Each option with its value, which is empty for those that have none.
    private static func scan(_ arguments: [String]) throws(UsageError) -> [Name: String] {
        var options: [Name: String] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try name(of: String(parts[0]))
            var value = parts.count == 2 ? String(parts[1]) : nil
            if let kind = name.value {
                value = value ?? rest.popFirst()
                guard let value, !value.isEmpty else { throw UsageError("\(name.option) needs a value: \(kind)") }
            } else if value != nil {
                throw UsageError("\(name.option) takes no value")
            }
            guard options.updateValue(value ?? "", forKey: name) == nil else {
                throw UsageError("\(name.option) is given twice")
            }
        }
        return options
    }

    private static func name(of argument: String) throws(UsageError) -> Name {
        if argument == "-h" { return .help }
        guard argument.hasPrefix("-") else {
            throw UsageError("'\(argument)' is no option; the bundle is named by BUNDLE_PATH in the configuration")
        }
        if argument.hasPrefix("--"), let name = Name(rawValue: String(argument.dropFirst(2))) { return name }
        let suggestion = Spelling.suggestion(for: argument, among: Name.allCases.map(\.option))
        throw UsageError("'\(argument)' is no option; \(suggestion)")
    }
}

/// A mistake in the command line.
struct UsageError: Error, Equatable {
    /// What is wrong, and what to do.
    let message: String

    init(_ message: String) { self.message = message }
}
