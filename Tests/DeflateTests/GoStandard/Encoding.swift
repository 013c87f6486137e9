import Deflate

struct Stop: Error {}

/// FNV-1a with 64 bits, over all that was added.
struct Digest {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func update(_ bytes: [UInt8]) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
}

/// Encodes an input that is handed over in pieces of random sizes.
func encode(_ input: [UInt8], level: Int, cuts: inout Generator) -> [UInt8] {
    var output: [UInt8] = []
    var encoder = GoStandardEncoder(level: level)
    var rest = input[...]
    let longest = [40, 3000, 100_000][cuts.below(3)]
    while !rest.isEmpty {
        let piece = rest.prefix(1 + cuts.below(longest))
        piece.withUnsafeBytes { encoder.append($0) { output += $0 } }
        rest = rest.dropFirst(piece.count)
    }
    encoder.finish { output += $0 }
    return output
}

/// Encodes an input in parallel; `pull` gives at most `longest` bytes at a time.
func encodeInParallel(
    _ input: [UInt8], level: Int, jobs: Int, partSize: Int, longest: Int = 10000
) async throws -> [UInt8] {
    var output: [UInt8] = []
    var rest = input[...]
    try await GoStandardEncoder.encodeInParallel(
        level: level, jobs: jobs, partSize: partSize,
        pull: { buffer in
            let piece = rest.prefix(min(longest, buffer.count))
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        },
        output: { output += $0 })
    return output
}
