import Deflate
import Testing

@Suite struct ParallelEncodingTests {
    private static let part = 32768

    @Test("Parts give the bytes of one encoder", arguments: [-1, 4, 9], 1...14)
    func joins(level: Int, seed: Int) async throws {
        var generator = Generator(seed: seed)
        let input = generator.input()
        let serial = encode(input, level: level, cuts: &generator)
        #expect(try await encodeInParallel(input, level: level, jobs: 3, partSize: Self.part) == serial)
    }

    @Test("Runs that never meet are encoded anew", arguments: [1, 257, 259, 32767])
    func joinsWithoutMeeting(period: Int) async throws {
        // Copies of 258 bytes keep the phase with which each part began.
        var generator = Generator(seed: period)
        var input = (0..<period).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        while input.count < 5 * Self.part { input.append(input[input.count - period]) }
        let serial = encode(input, level: -1, cuts: &generator)
        #expect(try await encodeInParallel(input, level: -1, jobs: 2, partSize: Self.part) == serial)
    }

    @Test(
        "Any end of the stream near a part's gives the same",
        arguments: [1, 2, 3, 4, 5, 257, 258, 259, 261, 262, 263, 1023, 1024, 1025])
    func joinsShortEnds(extra: Int) async throws {
        var generator = Generator(seed: extra)
        let words = (0..<(2 * Self.part + extra)).map { _ in UInt8(97 + generator.below(3)) }
        for input in [words, [UInt8](repeating: 7, count: words.count), Array(words.dropLast(extra * 2))] {
            let serial = encode(input, level: 5, cuts: &generator)
            #expect(try await encodeInParallel(input, level: 5, jobs: 2, partSize: Self.part) == serial)
        }
    }

    @Test("Levels without lazy matching are encoded alone", arguments: [-2, 0, 1, 2, 3])
    func encodesAlone(level: Int) async throws {
        var generator = Generator(seed: 3)
        let input = generator.input()
        let serial = encode(input, level: level, cuts: &generator)
        #expect(try await encodeInParallel(input, level: level, jobs: 2, partSize: Self.part) == serial)
    }

    @Test("An error of the input or the output reaches the caller")
    func passesErrors() async {
        await #expect(throws: Stop.self) {
            try await GoStandardEncoder.encodeInParallel(
                level: -1, jobs: 2, partSize: Self.part, pull: { _ in throw Stop() }, output: { _ in })
        }
        await #expect(throws: Stop.self) {
            try await GoStandardEncoder.encodeInParallel(
                level: -1, jobs: 2, partSize: Self.part, pull: { _ in 0 }, output: { _ in throw Stop() })
        }
    }
}
