import BundleLoader
import Testing

@Suite struct LoadOptionsTests {
    @Test func noGroupByDefault() { #expect(LoadOptions().groups.isEmpty) }
}
