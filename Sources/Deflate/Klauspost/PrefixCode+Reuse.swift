extension PrefixCode {
    /// Whether every symbol that occurs has bits.
    func covers(_ frequencies: UnsafePointer<UInt32>, count: Int) -> Bool {
        for symbol in 0..<count where unsafe frequencies[symbol] != 0 && self[symbol].width == 0 { return false }
        return true
    }
}
