import TestSupport

extension Command {
    /// The same command, of which some calls fail, wait or kill it, as strace says it: `signal=KILL:when=3`.
    func injecting(_ what: String, in call: String) -> Command {
        var command = self
        // Calls are counted by thread.
        command.environment["LIBDISPATCH_COOPERATIVE_POOL_STRICT"] = "1"
        command.program = "strace"
        command.arguments =
            ["-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(call):\(what)", program] + arguments
        return command
    }
}
