/// The likelihoods of numbers: how wide they are, and their highest bits.
///
/// Numbers of any size may come; small ones that come often cost little.
@safe struct NumberModel: ~Copyable {
    /// No number has more bits beyond its first, after 1 was added.
    private static let mostWidth = 40
    private static let widthCount = mostWidth + 1
    /// The lower bits of a wide number are as likely one as the other.
    private static let modelledBits = 3

    private let likelihoods: UnsafeMutablePointer<Likelihood>

    /// For numbers in so many contexts.
    init(contexts: Int = 1) {
        let count = contexts * Self.size
        unsafe likelihoods = .allocate(capacity: count)
        unsafe likelihoods.initialize(repeating: Likelihood(), count: count)
    }

    deinit { unsafe likelihoods.deallocate() }

    /// Widths as one decision each, then for each width the bits below its highest.
    private static let size = widthCount + widthCount << modelledBits

    /// Codes a number of less than 2^41 − 1.
    mutating func code<Coder: DecisionCoder & ~Copyable>(
        _ number: Int, context: Int = 0, _ coder: inout Coder
    ) -> Int {
        let base = unsafe likelihoods + context * Self.size
        let raised = UInt64(number) + 1
        let wanted = 63 - raised.leadingZeroBitCount
        var width = 0
        while width < Self.mostWidth, unsafe coder.code(wanted > width, base + width) { width += 1 }
        let tree = unsafe base + Self.widthCount + width << Self.modelledBits
        var result: UInt64 = 1
        for bit in stride(from: width - 1, through: 0, by: -1) {
            let modelled = result < 1 << Self.modelledBits ? Int(result) : 0
            let decision = raised >> UInt64(bit) & 1 == 1
            result = unsafe result << 1 | (coder.code(decision, tree + modelled) ? 1 : 0)
        }
        return Int(result - 1)
    }
}

/// Likelihoods by context.
@safe struct DecisionModel: ~Copyable {
    private let likelihoods: UnsafeMutablePointer<Likelihood>
    private let count: Int

    init(contexts: Int) {
        count = contexts
        unsafe likelihoods = .allocate(capacity: count)
        unsafe likelihoods.initialize(repeating: Likelihood(), count: count)
    }

    deinit { unsafe likelihoods.deallocate() }

    @inline(__always)
    mutating func code<Coder: DecisionCoder & ~Copyable>(
        _ decision: Bool, context: Int, _ coder: inout Coder
    ) -> Bool {
        precondition(context < count, "a model knows its contexts")
        return unsafe coder.code(decision, likelihoods + context)
    }
}
