/// Bytes that a seed gives; Oracle/samples/sample.go makes the same.
enum Sample {
    private static let periods = [
        1, 2, 3, 4, 5, 7, 8, 63, 256, 257, 258, 259, 1024, 16384, 32766, 32767, 32768, 32769,
    ]
    private static let letters = Array("etaoin shrdlucmfwypvbgkjqxz.,-\n0".utf8)

    /// Makes the bytes of a shape: zeros, noise, period, far, skewed or mix.
    static func bytes(_ shape: String, seed: UInt64, count: Int) -> [UInt8] {
        var random = RandomBits(seed)
        var out = [UInt8](repeating: 0, count: count)
        switch shape {
        case "zeros": break
        case "noise": for index in 0..<count { out[index] = UInt8(truncatingIfNeeded: random.next()) }
        case "period":
            let period = periods[Int(seed) % periods.count]
            for index in 0..<count {
                out[index] = index < period ? UInt8(truncatingIfNeeded: random.next()) : out[index - period]
            }
        case "far":
            // About the longest distance of zlib and GNU gzip.
            let period = 32_505 + Int(seed) % 3
            for index in 0..<count {
                out[index] = index < period ? UInt8(truncatingIfNeeded: random.next()) : out[index - period]
            }
        case "skewed":
            let bits = 1 + random.below(8)
            for index in 0..<count {
                var value = random.next()
                var step = 0
                while step < bits && value & 1 == 1 {
                    value >>= 1
                    step += 1
                }
                let mask = UInt8(truncatingIfNeeded: 1 << Int(value & 7) - 1 + 1)
                out[index] = UInt8(truncatingIfNeeded: value >> 8) & mask
            }
        default: mix(&out, &random)
        }
        return out
    }

    /// Pieces of noise, runs, letters and small steps, and copies from near and far, some with errors.
    private static func mix(_ out: inout [UInt8], _ random: inout RandomBits) {
        var at = 0
        while at < out.count {
            let kind = random.below(8)
            let exponent = 1 + random.below(13)
            var length = 1 + random.below(1 << exponent)
            if random.below(40) == 0 { length += random.below(60000) }
            length = min(length, out.count - at)
            let value = random.next()
            switch kind {
            case 0: for index in 0..<length { out[at + index] = UInt8(truncatingIfNeeded: random.next()) }
            case 1: for index in 0..<length { out[at + index] = UInt8(truncatingIfNeeded: value) }
            case 2: for index in 0..<length { out[at + index] = letters[Int(random.next() & 31 & (value | 7))] }
            case 3:
                for index in 0..<length {
                    out[at + index] = UInt8(truncatingIfNeeded: value >> 8) &+ UInt8(random.next() & 3)
                }
            default: copy(&out, at, &length, value, &random)
            }
            at += length
        }
    }

    private static func copy(
        _ out: inout [UInt8], _ at: Int, _ length: inout Int, _ value: UInt64, _ random: inout RandomBits
    ) {
        let exponent = 3 + random.below(14)
        var reach = 1 + random.below(1 << exponent)
        if value & 15 == 0 { reach = 32760 + random.below(16) }
        if at == 0 {
            out[0] = UInt8(truncatingIfNeeded: value)
            length = 1
            return
        }
        reach = min(reach, at)
        let every = value & 16 != 0 ? 3 + Int(value >> 32 % 100) : 0
        for index in 0..<length {
            out[at + index] = out[at + index - reach]
            if every > 0 && index % every == every - 1 { out[at + index] = UInt8(truncatingIfNeeded: random.next()) }
        }
    }
}
