import BundleLoader

@main
struct FirstBoot {
    static func main() async {
        _ = LoadOptions()
    }
}
