import OCI
import StrictJSON
import TestSupport
import Testing

/// Every combination of images that are there and images that are not.
@Suite(.enabled(if: Toolbox.hasDockerDaemon && Toolbox.canMount && Toolbox.has("gcc"))) struct LoadPartialTests {
    /// Docker holds a layer only on those below it, so what is present of an image is some of its lowest layers: here all
    /// lengths occur, held by other images or by none.
    @Test func `only what is missing is sent, whatever is there, and every image runs`() async throws {
        let scene = try await LoadScene(size: 200_000, stacks: [[], [0], [0, 1], [0, 2]])
        let volume = try await SmallVolume("size=256m")
        let docker = try await DockerDaemon(dataRoot: volume.path)
        try await scene.load(docker.socket).check()
        // A chain is what lies beneath a layer, with it.
        let chains = scene.images.map { image in
            image.image.layers.indices.map { image.image.layers[...$0].map(\.diffID) }
        }
        for present in 0..<(1 << scene.images.count) {
            let isPresent = scene.images.indices.map { present >> $0 & 1 == 1 }
            try await scene.removeImages(scene.images.indices.filter { !isPresent[$0] }, from: docker)
            let receipt = try JSONNode(parsing: try await scene.load(docker.socket, "--json").check().output)
            let found = try receipt.member("images").elements()
            var known = Set(scene.images.indices.filter { isPresent[$0] }.flatMap { chains[$0] })
            for (position, image) in found.enumerated() {
                let what = "images \(isPresent), number \(position)"
                #expect(try image.member("result").string() == (isPresent[position] ? "present" : "loaded"), "\(what)")
                guard !isPresent[position] else { continue }
                let below = chains[position].prefix { known.contains($0) }.count
                let layers = try image.member("layers")
                #expect(try layers.member("present").integer(in: 0...9) == Int64(below), "\(what)")
                #expect(
                    try layers.member("sent").integer(in: 0...9) == Int64(chains[position].count - below), "\(what)")
                known.formUnion(chains[position])
            }
            // Each of them four times; by night each of them each time.
            let positions = Nightly.isOn ? nil : [present % scene.images.count]
            try await scene.expectImages(in: docker, "images \(isPresent)", only: positions)
        }
        await docker.stop()
    }
}
