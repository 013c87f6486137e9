import BundleBuilder
import Console

extension ProgressMeter {
    /// For `BundleBuilder`.
    var listener: BuildProgress {
        BuildProgress(
            phase: { self.start($0, total: $1) }, advance: { self.advance($0) }, note: { self.note($0) })
    }
}
