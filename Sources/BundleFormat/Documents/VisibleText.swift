extension Unicode.Scalar {
    /// Whether people see it: no control or format character, and nothing that ends a line.
    public var isVisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}

extension String {
    /// Whether a manifest may call something so; spec: docs/format.md section 5.1.
    var isLabel: Bool { 1...4096 ~= utf8.count && unicodeScalars.allSatisfy(\.isVisible) }
}
