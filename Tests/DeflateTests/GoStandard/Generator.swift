/// Makes the inputs of Oracle/main.go from their seeds.
struct Generator {
    private static let periods = [
        1, 2, 3, 4, 5, 7, 257, 258, 259, 4095, 4096, 4097, 32505, 32506, 32507, 32767, 32768, 32769, 65535, 65536,
    ]
    private static let edges = [
        17, 128, 262, 32768, 65274, 65280, 65535, 65536, 65536 + 258, 98304, 131070, 131072, 163840, 196605,
    ]

    private var state: UInt64

    init(seed: Int) { state = UInt64(seed) }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// An input of up to 400 kB, of one shape or several.
    mutating func input() -> [UInt8] {
        let size: Int
        switch below(5) {
        case 0: size = below(300)
        case 1: size = below(70000)
        case 2, 3:
            let edge = Self.edges[below(Self.edges.count)]
            size = edge + below(7) - 3
        default: size = below(400_000)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + 1000)
        let shape = below(9)
        while bytes.count < size {
            if shape < 7 {
                add(shape, until: size, to: &bytes)
            } else {
                let mixed = below(7)
                let end = bytes.count + 1 + below(40000)
                add(mixed, until: min(size, end), to: &bytes)
            }
        }
        bytes.removeLast(bytes.count - size)
        return bytes
    }

    private mutating func add(_ shape: Int, until end: Int, to bytes: inout [UInt8]) {
        switch shape {
        case 0:
            while bytes.count < end { bytes.append(UInt8(truncatingIfNeeded: next())) }
        case 1:
            let value = UInt8(truncatingIfNeeded: next())
            while bytes.count < end { bytes.append(value) }
        case 2:
            let count = 2 + below(6)
            while bytes.count < end { bytes.append(UInt8(97 + below(count))) }
        case 3:
            let period = Self.periods[below(Self.periods.count)]
            let start = bytes.count
            while bytes.count < end {
                let isRepeated = bytes.count - start >= period
                bytes.append(isRepeated ? bytes[bytes.count - period] : UInt8(truncatingIfNeeded: next()))
            }
        case 4:
            while bytes.count < end { addPiece(to: &bytes) }
        case 5:
            // Each symbol rarer than the one before by the golden ratio: the longest codes.
            while bytes.count < end {
                var value: UInt8 = 0
                while value < 40, below(1000) < 618 { value += 1 }
                bytes.append(value &* 37)
            }
        default:
            while bytes.count < end {
                let limit = 1 + below(2000)
                let word = below(limit)
                for index in 0..<(2 + word % 9) {
                    bytes.append(UInt8(97 + ((word * (index + 3)) >> (index % 3)) % 26))
                }
                bytes.append(32)
            }
        }
    }

    /// Some new bytes, or a copy of earlier ones.
    private mutating func addPiece(to bytes: inout [UInt8]) {
        let length: Int
        let distance: Int
        switch below(5) {
        case 0:
            for _ in 0...below(40) { bytes.append(UInt8(truncatingIfNeeded: next())) }
            return
        case 1: (length, distance) = (1 + below(600), 1)
        case 2: (length, distance) = (3 + below(12), 1 + below(64))
        case 3: (length, distance) = (1 + below(300), 1 + below(4200))
        default: (length, distance) = (3 + below(300), 32400 + below(500))
        }
        guard distance <= bytes.count else { return bytes.append(UInt8(truncatingIfNeeded: distance)) }
        for _ in 0..<length { bytes.append(bytes[bytes.count - distance]) }
    }
}
