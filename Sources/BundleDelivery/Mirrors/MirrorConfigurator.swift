/// Writes what makes clients ask a mirror, into what stands in their `/etc`, and takes it away again.
///
/// What it wrote before is known by marks in the files, and for docker by a record; everything else stays.
/// Nothing is written before all is known to be possible. Each file is replaced in one step and durably; after a crash
/// the same call completes the rest.
///
/// Spec: docs/delivering.md section 5.
public struct MirrorConfigurator: Sendable {
    private let tree: ConfigurationTree

    /// For the system whose root directory this is; it may be absent.
    ///
    /// - Throws: `FileError`.
    public init(root: String) throws { tree = try ConfigurationTree(root: root) }

    /// What is to be done.
    public struct Plan: Sendable {
        /// The changes, and what is as wanted already.
        public internal(set) var changes: [FileChange] = []
        /// What people must know.
        public internal(set) var notes: [String] = []
    }

    /// Finds out what is to be done, and changes nothing.
    ///
    /// - Parameters:
    ///   - mirror: What clients are to ask; nil to take away what was written.
    ///   - runtimes: Whose configuration is looked at.
    /// - Returns: The plan, for `apply`.
    /// - Throws: `DeliveryError` with code `usage` or `foreign`; `FileError`.
    public func plan(_ mirror: Mirror?, runtimes: [MirrorRuntime]) throws -> Plan {
        var plan = Plan()
        if let mirror { for runtime in runtimes { plan.notes += try runtime.configuration.notes(on: mirror) } }
        for runtime in runtimes { plan.changes += try runtime.configuration.changes(mirror, in: tree) }
        return plan
    }

    /// Does it; returns when it is durable.
    ///
    /// - Throws: `FileError`; what was done by then is whole.
    public func apply(_ plan: Plan) throws {
        for change in plan.changes { try tree.apply(change) }
    }
}
