/// Levels 7 to 9: follows chains of places with the same four bytes, and waits a byte for a better match.
///
/// Blocks are cut at 32,768 tokens, wherever that is in the input.
@safe final class LazyStage: EncoderStage {
    private var search: LazySearch

    init(_ variant: KlauspostEncoder.Variant, level: Int) { search = LazySearch(variant, level: level) }

    func prime(_ dictionary: UnsafeRawBufferPointer) { unsafe search.prime(dictionary) }

    func fill(_ input: UnsafeRawBufferPointer) -> Int { unsafe input.isEmpty ? 0 : search.window.fill(input) }

    func encode(to writer: inout BlockWriter, flushes: Bool) { search.run(&writer, flushes: flushes) }
}
