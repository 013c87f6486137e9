/// The text that goes into every bundle, so that it can be audited without this tool.
public enum AuditText {
    /// The auditor's script, also at docs/audit.sh.
    public static let script = String(decoding: PackageResources.audit_sh, as: UTF8.self)

    /// README.txt of a bundle; ends with the script.
    public static let readme = String(decoding: PackageResources.README_txt, as: UTF8.self) + script
}
