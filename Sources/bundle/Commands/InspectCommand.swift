import ArgumentParser
import BundleFormat
import Console
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
            if json { try Terminal.data(JSONWriter.readable(inventory.json)) } else { try show(inventory) }
        }
    }

    private func show(_ inventory: BundleInventory) throws {
        let manifest = inventory.manifest
        try Terminal.data(
            "\(directory): \(manifest.product) \(manifest.channel) \(manifest.version), \(manifest.created)")
        for image in inventory.images {
            try Terminal.data("")
            try Terminal.data("\(image.image.reference)")
            try Terminal.data("  root      \(image.image.root)")
            if let subject = image.subject {
                try Terminal.data("  about     \(subject)\(image.artifactType.map { ", \($0)" } ?? "")")
            }
            for name in image.image.names { try Terminal.data("  name      \(name)") }
            if !image.image.groups.isEmpty {
                try Terminal.data("  groups    \(image.image.groups.joined(separator: ", "))")
            }
            try Terminal.data("  priority  \(image.image.priority), tags \(image.image.tagPolicy.rawValue)")
            for instance in image.instances {
                try Terminal.data("  \(instance.platform ?? "artifact")  \(instance.manifest)")
                for layer in instance.layers {
                    let stored = inventory.storedSize(of: layer)
                    try Terminal.data(
                        "    \(layer.digest)  \(Text.bytes(layer.size)), \(Text.bytes(stored)) stored  \(layer.encoding.name)"
                    )
                }
            }
        }
        let sizes = inventory.sizes
        try Terminal.data("")
        try Terminal.data("all images      \(Text.bytes(sizes.images))")
        try Terminal.data("distinct blobs  \(Text.bytes(sizes.blobs))")
        try Terminal.data(
            "streams         \(Text.bytes(sizes.streams)), \(Text.bytes(sizes.content)) after deduplication")
        try Terminal.data("bundle          \(sizes.bundleInWords)")
    }
}

extension BundleInventory.Sizes {
    /// `6.2 MB, 62.0 % of the distinct blobs`.
    var bundleInWords: String { "\(Text.bytes(bundle)), \(Text.percent(bundle, of: blobs)) of the distinct blobs" }
}
