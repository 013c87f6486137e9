import ArgumentParser
import BundleFormat
import OCI
import StrictJSON

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a bundle holds: images, layers, sizes, and what packing saved.",
        discussion: "Signatures are not checked: see 'bundle verify'.")

    @Argument(help: "The bundle.")
    var directory: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await ExitStatus.reporting {
            let inventory = try BundleInventory(path: directory)
            if json { Terminal.data(JSONWriter.readable(inventory.json)) } else { show(inventory) }
        }
    }

    private func show(_ inventory: BundleInventory) {
        let manifest = inventory.manifest
        Terminal.data("\(directory): \(manifest.product) \(manifest.channel) \(manifest.version), \(manifest.created)")
        for image in inventory.images {
            Terminal.data("")
            Terminal.data("\(image.image.reference)")
            Terminal.data("  root      \(image.image.root)")
            for name in image.image.names { Terminal.data("  name      \(name)") }
            if !image.image.groups.isEmpty {
                Terminal.data("  groups    \(image.image.groups.joined(separator: ", "))")
            }
            Terminal.data("  priority  \(image.image.priority), tags \(image.image.tagPolicy.rawValue)")
            for instance in image.instances {
                Terminal.data("  \(instance.platform ?? "artifact")  \(instance.manifest)")
                for layer in instance.layers {
                    Terminal.data("    \(layer.digest)  \(Text.bytes(layer.size))  \(layer.encoding.name)")
                }
            }
        }
        let sizes = inventory.sizes
        Terminal.data("")
        Terminal.data("all images      \(Text.bytes(sizes.images))")
        Terminal.data("distinct blobs  \(Text.bytes(sizes.blobs))")
        Terminal.data("streams         \(Text.bytes(sizes.streams)), \(Text.bytes(sizes.content)) after deduplication")
        Terminal.data(
            "bundle          \(Text.bytes(sizes.bundle)), \(Text.percent(sizes.bundle, of: sizes.blobs)) of the distinct blobs"
        )
    }
}
