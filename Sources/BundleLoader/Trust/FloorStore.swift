public import BundleFormat
public import DurableFiles
public import OCI

/// The rollback floors of a state directory: one file for each product and channel.
public struct FloorStore: Sendable {
    static let folder = "floors"
    private let state: Directory

    /// The floors of a state directory.
    public init(in state: Directory) { self.state = state }

    /// The floor of a product's channel; nil when nothing of it was loaded here.
    ///
    /// - Throws: `LoadError`; `damaged` for a file that no loader wrote, and what to do about it.
    public func floor(product: String, channel: String) throws(LoadError) -> RollbackFloor? {
        let name = Self.name(product, channel)
        let bytes: [UInt8]
        do throws(FileError) { bytes = try state.readFile(name, limit: RollbackFloor.maximumSize) } catch {
            switch error.code {
            case .notFound: return nil
            case .overLimit, .notRegular: throw damaged(name)
            default: throw LoadError(error)
            }
        }
        guard let floor = RollbackFloor(parsing: bytes) else { throw damaged(name) }
        return floor
    }

    /// Decides about a statement that is trusted.
    ///
    /// - Throws: `LoadError`; `notTrusted` when the floor forbids it, `damaged` when the floor cannot be read.
    public func check(
        _ statement: Statement, digest: Digest, policy: LoadPolicy
    ) throws(LoadError) -> (decision: FloorDecision, floor: RollbackFloor?) {
        let floor = try floor(product: statement.product, channel: statement.channel)
        let decision = FloorDecision(
            version: statement.version, statement: digest, floor: floor, epoch: policy.epoch,
            allowDowngradeTo: policy.allowDowngradeTo)
        guard decision.isAccepted else { throw refusal(of: statement, decision, floor: floor, policy: policy) }
        return (decision, floor)
    }

    /// Replaces a floor; returns when that is durable.
    public func write(_ floor: RollbackFloor, product: String, channel: String) throws(LoadError) {
        do throws(FileError) {
            _ = try state.makeSubdirectory(Self.folder + "/" + product, mode: 0o700)
            try state.writeFile(Self.name(product, channel), floor.bytes, mode: 0o600)
        } catch {
            throw LoadError(error)
        }
    }

    /// The products and channels that have a file, damaged ones too; sorted.
    public func names() throws(LoadError) -> [(product: String, channel: String)] {
        do throws(FileError) {
            guard try state.exists(Self.folder) else { return [] }
            return try state.subdirectory(Self.folder).entries(limit: 10_000).compactMap { entry in
                let parts = entry.path.split(separator: "/").map(String.init)
                guard parts.count == 2, parts.allSatisfy(Statement.isName) else { return nil }
                return (parts[0], parts[1])
            }
        } catch {
            throw LoadError(error)
        }
    }

    private static func name(_ product: String, _ channel: String) -> String { "\(folder)/\(product)/\(channel)" }

    private func damaged(_ name: String) -> LoadError {
        LoadError(
            .damaged,
            "reading the rollback floor \(state.path)/\(name): it is damaged, so that nothing tells which versions are"
                + " too old; remove it to accept any signed version once more")
    }

    private func refusal(
        of statement: Statement, _ decision: FloorDecision, floor: RollbackFloor?, policy: LoadPolicy
    ) -> LoadError {
        let bundle = "\(statement.product)/\(statement.channel) version \(statement.version)"
        let what =
            switch decision {
            case .rollback:
                "version \(floor?.installed ?? 0) was loaded here and nothing below \(floor?.floor ?? 0) may follow;"
                    + " use a newer bundle, or allow-downgrade-to in the policy"
            case .equivocation:
                "another bundle of this version was loaded here (statement \(floor?.statement.hex ?? "")); ask the"
                    + " vendor for one with a higher version"
            default:
                "the policy's epoch \(policy.epoch) is below the epoch \(floor?.epoch ?? 0) that was in force here;"
                    + " install the current policy"
            }
        return LoadError(.notTrusted, "checking \(bundle) against the rollback floor: \(what)")
    }
}
