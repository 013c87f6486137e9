public import BundleFormat
public import OCI

/// What the last load of a product's channel left, so that nothing older follows it.
///
/// Spec: docs/loading.md section 4.3.
public struct RollbackFloor: Sendable, Hashable {
    /// The policy's epoch.
    public let epoch: Int64
    /// Lower versions are refused; never below `installed`.
    public let floor: Int64
    /// The version that was loaded last.
    public let installed: Int64
    /// The digest of its STATEMENT.
    public let statement: Digest
    /// When it was loaded, as far as the clock could be believed.
    public let time: Timestamp

    /// A floor of its parts; the floor is raised to the installed version where it is lower.
    public init(epoch: Int64, floor: Int64, installed: Int64, statement: Digest, time: Timestamp) {
        self.epoch = epoch
        self.floor = max(floor, installed)
        self.installed = installed
        self.statement = statement
        self.time = time
    }

    private static let firstLine = "bundle-floor v1"

    /// Parses the bytes of a state file; nil unless they are exactly what `bytes` gives.
    public init?(parsing bytes: [UInt8]) {
        guard bytes.count <= Self.maximumSize else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        func value(_ line: Int, _ name: String) -> String? {
            lines[line].hasPrefix(name + ": ") ? String(lines[line].dropFirst(name.utf8.count + 2)) : nil
        }
        guard lines.count == 7,
            let epoch = value(1, "epoch").flatMap({ Int64($0) }), 0...Self.maximumNumber ~= epoch,
            let floor = value(2, "floor").flatMap({ Int64($0) }), 1...Self.maximumNumber ~= floor,
            let installed = value(3, "installed").flatMap({ Int64($0) }), 1...floor ~= installed,
            let statement = value(4, "statement").flatMap({ Digest(hex: $0) }),
            let time = value(5, "time").flatMap({ Timestamp(parsing: $0) })
        else { return nil }
        self.init(epoch: epoch, floor: floor, installed: installed, statement: statement, time: time)
        // One state, one spelling: whatever differs was not written by a loader.
        guard self.bytes == bytes else { return nil }
    }

    /// The bytes of the state file.
    public var bytes: [UInt8] {
        Array(
            """
            \(Self.firstLine)
            epoch: \(epoch)
            floor: \(floor)
            installed: \(installed)
            statement: \(statement.hex)
            time: \(time)

            """.utf8)
    }

    static let maximumSize = 1024
    private static let maximumNumber: Int64 = 999_999_999_999
}
