import CEarly

/// What the program was started with; `CommandLine.arguments` is empty where /proc is not mounted.
struct ProcessArguments {
    /// The arguments, without the program's name.
    let arguments: [String]
    /// The environment; of a repeated name the first value, as `getenv` sees it.
    let environment: [String: String]

    /// Takes arguments and environment; has to come before anything that reads a variable.
    init() {
        cearly_restore_environment()
        arguments = (1..<max(1, cearly_argument_count())).compactMap { unsafe Self.text(cearly_argument($0)) }
        var environment: [String: String] = [:]
        var index: Int32 = 0
        while let variable = unsafe Self.text(cearly_variable(index)) {
            index += 1
            guard let equals = variable.firstIndex(of: "=") else { continue }
            let name = String(variable[..<equals])
            if environment[name] == nil { environment[name] = String(variable[variable.index(after: equals)...]) }
        }
        self.environment = environment
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        unsafe pointer.map { unsafe String(cString: $0) }
    }
}
