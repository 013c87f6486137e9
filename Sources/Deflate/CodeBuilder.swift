/// Finds how many bits each symbol of a prefix code gets: encoders differ in which of the equally good codes they take.
protocol CodeBuilder: ~Copyable {
    /// Gives the code its widths and bits.
    ///
    /// - Parameters:
    ///   - code: the code that is to be built.
    ///   - frequencies: how often each symbol of the code occurs.
    ///   - limit: the most bits, at most 15.
    mutating func build(_ code: inout PrefixCode, _ frequencies: UnsafePointer<UInt32>, limit: Int)
}
