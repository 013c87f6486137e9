// modules: StrictJSON OCI
// files: BundleLoader/Configuration/BundleSource.swift BundleLoader/Configuration/FirstBootConfiguration.swift BundleLoader/Configuration/FirstBootSettings.swift BundleLoader/Configuration/LineFile.swift BundleLoader/Configuration/LoadTarget.swift BundleLoader/Configuration/Spelling.swift BundleFormat/Documents/Statement.swift BundleFormat/Documents/Timestamp.swift BundleLoader/Trust/LoadPolicy.swift BundleLoader/Trust/RollbackFloor.swift BundleLoader/Journal/JournalEntry.swift BundleLoader/LoadError.swift BundleFormat/BundleError.swift BundleFormat/BundleLayout.swift Engines/EngineError.swift Engines/LoadIntent.swift DurableFiles/FileError.swift

/// Nothing that people or loaders write on a target crashes its readers, or gets a meaning that they do not show.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let settings = try? FirstBootConfiguration(parsing: bytes, path: "fuzz") {
        guard settings.stateDirectory.hasPrefix("/"), !settings.stateDirectory.utf8.contains(0),
            settings.wait <= .seconds(86400), !settings.loadImage || settings.source != nil && settings.target != nil
        else { fatalError("a configuration out of bounds") }
    }
    if let policy = try? LoadPolicy(parsing: bytes, path: "fuzz") {
        guard 1...TrustPolicy.maximumKeyCount ~= policy.threshold, 0...999_999_999_999 ~= policy.epoch else {
            fatalError("a policy out of bounds")
        }
    }
    if let floor = RollbackFloor(parsing: bytes), floor.bytes != bytes { fatalError("two floors are one") }
    if let entry = try? JournalEntry(parsing: bytes) {
        guard let again = try? JournalEntry(parsing: entry.bytes), again.load == entry.load, again.stage == entry.stage,
            again.statement == entry.statement
        else { fatalError("an entry is not what it says when it is written again") }
    }
    return 0
}

/// All that the policy's reader wants of it.
enum TrustPolicy {
    static let maximumKeyCount = 16
}
