import BundleLoader
import Console

extension ProgressMeter {
    /// For `BundleLoader`.
    var loadListener: LoadListener {
        LoadListener(
            phase: { self.start($0, total: $1) }, advance: { self.advance($0) }, note: { self.note($0) })
    }
}
