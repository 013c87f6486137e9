extension TemporaryDirectory {
    /// Runs a command line of the shell inside, and says whether it succeeded.
    ///
    /// - Throws: as `Command.run`.
    public func shell(_ line: String) async throws -> Bool {
        try await Command("sh", ["-c", line], workingDirectory: path).run().status == .exited(0)
    }
}
