import Deflate
import Testing

@Suite struct GoStandardEncoderTests {
    /// What `Oracle/main.go`, built with Go 1.26.6, prints: `oracle table 1 24`, 0.95 MB in all.
    static let expected: [(level: Int, digest: UInt64)] = [
        (-2, 0xCB07_9486_0E9E_4E0F),
        (-1, 0x5EDB_64A4_ABF9_A2A2),
        (0, 0x5690_36B6_37F1_1ECF),
        (1, 0xA0A5_765C_B339_A706),
        (2, 0x2C7C_C9A1_EF15_B450),
        (3, 0xC996_9DFA_FCBD_0510),
        (4, 0x14D7_D8B8_CCCD_B72C),
        (5, 0x8D06_020B_997B_B911),
        (6, 0x5EDB_64A4_ABF9_A2A2),
        (7, 0xF267_92A4_386C_CFC1),
        (8, 0xB1FC_0E7D_23B0_50A7),
        (9, 0xA643_4062_0478_D024),
    ]

    @Test("A level writes the bytes of Go's encoder, however the input is cut", arguments: expected)
    func matchesGo(level: Int, digest: UInt64) {
        var outputs = Digest()
        for seed in 1...24 {
            var generator = Generator(seed: seed)
            let input = generator.input()
            outputs.update(encode(input, level: level, cuts: &generator))
        }
        #expect(outputs.value == digest)
    }

    @Test("Nothing becomes the empty last block", arguments: -2...9)
    func encodesNothing(level: Int) {
        var generator = Generator(seed: 0)
        #expect(encode([], level: level, cuts: &generator) == [1, 0, 0, 0xFF, 0xFF])
    }

    @Test("An error of the output reaches the caller", arguments: [-2, 0, 1, 2, 6])
    func passesErrors(level: Int) {
        var encoder = GoStandardEncoder(level: level)
        #expect(throws: Stop.self) { try encoder.finish { _ in throw Stop() } }
    }
}
