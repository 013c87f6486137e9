import Glibc

/// The process of a program.
enum Child {
    /// Starts a program in a process group of its own, with these files as input, output and errors, and no others.
    static func spawn(_ program: Program, _ arguments: [String], files: [Int32]) throws(SystemError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (position, file) in files.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, file, Int32(position))
        }

        // What this process ignores or blocks is no business of the program's.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var words = unsafe ([program.path] + program.arguments + arguments).map { unsafe strdup($0) } + [nil]
        var variables = unsafe program.environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var processID: pid_t = 0
        let code = unsafe posix_spawn(&processID, program.path, &actions, &attributes, &words, &variables)
        guard code == 0 else { throw SystemError(code) }
        return processID
    }

    /// Waits for the end of a process.
    ///
    /// - Returns: Its exit status; 128 and the signal's number when a signal ended it; 255 when nobody knows.
    static func reap(_ processID: pid_t) -> Int32 {
        while true {
            if let status = reap(processID, options: 0) { return status }
        }
    }

    /// The same for a process that has ended; nil for one that runs.
    static func reapIfEnded(_ processID: pid_t) -> Int32? { reap(processID, options: WNOHANG) }

    private static func reap(_ processID: pid_t, options: Int32) -> Int32? {
        var raw: Int32 = 0
        switch unsafe waitpid(processID, &raw, options) {
        case processID: return status(raw)
        case -1 where errno != EINTR: return 255
        default: return nil
        }
    }

    private static func status(_ raw: Int32) -> Int32 {
        let signal = raw & 0x7F
        return signal == 0 ? raw >> 8 & 0xFF : 128 + signal
    }
}
