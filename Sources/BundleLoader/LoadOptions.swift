/// What is loaded from where to where; docs/loading.md section 2.
public struct LoadOptions: Sendable {
    /// The groups that this host belongs to.
    public var groups: Set<String> = []

    /// The defaults.
    public init() {}
}
