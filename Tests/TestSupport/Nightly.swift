import Foundation

/// The long versions of tests, which `make nightly` runs: NIGHTLY is `1` then.
public enum Nightly {
    /// Whether they shall run.
    public static var isOn: Bool { ProcessInfo.processInfo.environment["NIGHTLY"] == "1" }

    /// How often something is tried: for every change, or by night.
    public static func count(_ usual: Int, nightly: Int) -> Int { isOn ? nightly : usual }

    /// What random moments are made from, printed with a name: SEED where it is set, by night another one each time.
    public static func random(_ name: String) -> DeterministicRandom {
        let given = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) }
        let seed = given ?? (isOn ? UInt64.random(in: 1...999_999) : 1)
        print("\(name): SEED=\(seed)")
        return DeterministicRandom(seed: seed)
    }
}
