public import BundleFormat

/// Which loader this is.
public enum LoaderVersion {
    /// The version of both programs.
    public static let number = "0.1.0"

    /// When this version was made: no clock that shows less can be believed.
    public static let released: Timestamp = {
        guard let time = Timestamp(parsing: "2026-11-21T00:00:00Z") else { preconditionFailure("not a time") }
        return time
    }()
}
