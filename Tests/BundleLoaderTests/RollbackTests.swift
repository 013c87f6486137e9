import BundleFormat
import BundleLoader
import DurableFiles
import OCI
import TestSupport
import Testing

@Suite struct RollbackTests {
    /// A version, against a floor of 40 where version 30, 40 or 50 … was loaded last, or none.
    struct Case: Sendable, CustomStringConvertible {
        let version: Int64
        let isSameStatement: Bool
        let floor: (floor: Int64, installed: Int64)?
        let epoch: Int64
        let allowDowngradeTo: Int64?

        var description: String {
            let floor = floor.map { "floor \($0.floor) installed \($0.installed)" } ?? "no floor"
            return "version \(version) \(isSameStatement ? "same" : "other") statement, \(floor), epoch \(epoch),"
                + " downgrade to \(allowDowngradeTo.map(String.init) ?? "-")"
        }
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        let floors: [(floor: Int64, installed: Int64)?] = [nil, (40, 40), (40, 30), (999_999_999_999, 40)]
        for floor in floors {
            for version in [1, 29, 30, 31, 39, 40, 41, 999_999_999_999] as [Int64] {
                for isSameStatement in [true, false] {
                    for epoch in [6, 7, 8] as [Int64] {
                        for downgrade in [nil, 1, 30, 40, 41] as [Int64?] {
                            cases.append(
                                Case(
                                    version: version, isSameStatement: isSameStatement, floor: floor, epoch: epoch,
                                    allowDowngradeTo: downgrade))
                        }
                    }
                }
            }
        }
        return cases
    }()

    private static let own = StatementFixture.digest("own")
    private static let other = StatementFixture.digest("other")

    /// What the table of docs/loading.md section 4.3 says, read from the top.
    private static func expected(_ example: Case) -> Set<FloorDecision> {
        guard let floor = example.floor else { return [.first] }
        if example.epoch > 7 { return [.newEpoch] }
        if example.epoch < 7 { return [.oldEpoch] }
        if example.version == floor.installed { return example.isSameStatement ? [.same] : [.equivocation] }
        if example.version < floor.floor {
            return example.version >= example.allowDowngradeTo ?? .max ? [.downgrade] : [.rollback]
        }
        return [.accepted]
    }

    @Test func everyCombinationIsDecidedAsTheTableSays() throws {
        #expect(Self.cases.count >= 200)
        let time = try StatementFixture.time("2026-01-01T00:00:00Z")
        var seen: Set<FloorDecision> = []
        for example in Self.cases {
            let floor = example.floor.map {
                RollbackFloor(epoch: 7, floor: $0.floor, installed: $0.installed, statement: Self.own, time: time)
            }
            let digest = example.isSameStatement ? Self.own : Self.other
            let decision = FloorDecision(
                version: example.version, statement: digest, floor: floor, epoch: example.epoch,
                allowDowngradeTo: example.allowDowngradeTo)
            #expect(Self.expected(example) == [decision], "\(example)")
            seen.insert(decision)
            guard decision.isAccepted else { continue }
            for minimum in [nil, 35, 45] as [Int64?] {
                let statement = try StatementFixture.statement(version: example.version, minimumVersion: minimum)
                let next = decision.floor(
                    after: statement, digest: digest, replacing: floor, epoch: example.epoch, time: time)
                // The next boot finds the same bundle, and takes it.
                #expect(
                    FloorDecision(
                        version: example.version, statement: digest, floor: next, epoch: example.epoch,
                        allowDowngradeTo: nil) == .same, "\(example)")
                let keeps = decision == .accepted || decision == .same
                let highest = max(example.version, minimum ?? 0, keeps ? floor?.floor ?? 0 : 0)
                #expect(next.floor == highest, "\(example)")
                #expect(next.installed == example.version)
                #expect(next.epoch == example.epoch)
                #expect(RollbackFloor(parsing: next.bytes) == next)
            }
        }
        #expect(seen.count == 8)
    }

    @Test func onlyTheBytesThatALoaderWritesAreAFloor() throws {
        let floor = RollbackFloor(
            epoch: 0, floor: 42, installed: 41, statement: Self.own,
            time: try StatementFixture.time("1970-01-01T00:00:00Z"))
        let good = String(decoding: floor.bytes, as: UTF8.self)
        #expect(
            good == """
                bundle-floor v1
                epoch: 0
                floor: 42
                installed: 41
                statement: \(Self.own.hex)
                time: 1970-01-01T00:00:00Z

                """)
        let changes = [
            ("v1", "v2"), ("epoch: 0", "epoch: 00"), ("epoch: 0", "epoch: -1"), ("epoch: 0", "epoch: 1000000000000"),
            ("floor: 42", "floor: 40"), ("floor: 42", "floor: +42"), ("floor: 42", "floor: 042"),
            ("floor: 42", "floor:  42"), ("floor: 42", "floor: 99999999999999999999"),
            ("installed: 41", "installed: 0"),
            ("installed: 41\n", ""), ("installed: 41\n", "installed: 41\ninstalled: 41\n"),
            ("statement: ", "statement: A"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00"), ("Z\n", "Z"), ("Z\n", "Z\r\n"), ("Z\n", "Z\n\n"),
            ("bundle-floor", "\u{FEFF}bundle-floor"), ("floor: 42\ninstalled: 41", "installed: 41\nfloor: 42"),
        ]
        for (from, to) in changes {
            let text = good.replacing(from, with: to, maxReplacements: 1)
            #expect(text != good)
            #expect(RollbackFloor(parsing: Array(text.utf8)) == nil, "\(to)")
        }
        for count in 0..<floor.bytes.count { #expect(RollbackFloor(parsing: Array(floor.bytes.prefix(count))) == nil) }
        for index in floor.bytes.indices {
            for bit in 0..<8 {
                var bytes = floor.bytes
                bytes[index] ^= 1 << UInt8(bit)
                // A flip makes another floor or none; never the same, and never a trap.
                #expect(RollbackFloor(parsing: bytes) != floor)
            }
        }
        #expect(RollbackFloor(parsing: [UInt8](repeating: 0, count: floor.bytes.count)) == nil)
    }

    @Test func aStoreKeepsOneFloorForEachProductAndChannel() throws {
        let home = try TemporaryDirectory()
        let store = FloorStore(in: try Directory(opening: home.path))
        #expect(try store.names().isEmpty)
        #expect(try store.floor(product: "edge", channel: "stable") == nil)
        let time = try StatementFixture.time("2026-01-01T00:00:00Z")
        for (version, channel) in [(41, "stable"), (50, "beta"), (42, "stable")] as [(Int64, String)] {
            let statement = try StatementFixture.statement(channel: channel, version: version)
            let (decision, floor) = try store.check(statement, digest: Self.own, policy: LoadPolicy())
            let next = decision.floor(after: statement, digest: Self.own, replacing: floor, epoch: 0, time: time)
            try store.write(next, product: "edge", channel: channel)
        }
        #expect(try store.floor(product: "edge", channel: "stable")?.installed == 42)
        #expect(try store.floor(product: "edge", channel: "beta")?.floor == 50)
        #expect(try store.floor(product: "core", channel: "beta") == nil)
        #expect(try store.names().map { $0.product + "/" + $0.channel } == ["edge/beta", "edge/stable"])
        let old = try StatementFixture.statement(version: 41)
        let rollback = #expect(throws: LoadError(.notTrusted, "")) {
            try store.check(old, digest: Self.own, policy: LoadPolicy())
        }
        #expect(rollback?.message.contains("nothing below 42") == true)
        let other = try StatementFixture.statement(version: 42)
        #expect(throws: LoadError(.notTrusted, "")) { try store.check(other, digest: Self.other, policy: LoadPolicy()) }
        let policy = try LoadPolicy(parsing: Array("epoch: 1\nallow-downgrade-to: 41".utf8), path: "policy")
        #expect(try store.check(old, digest: Self.own, policy: policy).decision == .newEpoch)
    }

    @Test func aDamagedFloorRefusesAndSaysWhatToDo() throws {
        let home = try TemporaryDirectory()
        let store = FloorStore(in: try Directory(opening: home.path))
        try home.makeDirectory("floors/edge")
        let statement = try StatementFixture.statement()
        for text in ["", "bundle-floor v1\n", String(repeating: "\0", count: 300), String(repeating: "x", count: 2000)]
        {
            try home.write(text, to: "floors/edge/stable")
            let error = #expect(throws: LoadError(.damaged, "")) {
                try store.check(statement, digest: Self.own, policy: LoadPolicy())
            }
            #expect(error?.message.contains("\(home.path)/floors/edge/stable") == true)
            #expect(error?.message.contains("remove it") == true)
        }
        #expect(try store.names().count == 1)
        try home.makeDirectory("floors/edge/beta")
        #expect(throws: LoadError(.damaged, "")) { try store.floor(product: "edge", channel: "beta") }
    }
}
