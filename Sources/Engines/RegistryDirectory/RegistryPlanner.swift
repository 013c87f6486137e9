import BundleFormat
import DurableFiles
import OCI

/// Finds out what a registry's storage lacks, image by image; changes nothing.
struct RegistryPlanner {
    private let storage: RegistryStorage
    /// Blobs that are there, or come with an image that was planned before.
    private var expected: Set<Digest> = []
    /// Files and directories that are there, or will be.
    private var paths: Set<String> = []
    /// What the whole plan needs.
    private(set) var room = LoadPlan.Room(bytes: 0, inodes: 0)

    /// What file systems commonly store by; small files and directories take one.
    private static let blockSize: Int64 = 4096

    init(_ storage: RegistryStorage) { self.storage = storage }

    /// Plans one image; what an earlier one brings is present.
    ///
    /// - Throws: `EngineError` with code `nameTaken`, or `FileError`.
    mutating func step(_ image: TargetImage) throws -> LoadStep {
        let content = RegistryContent(image)
        var missing: Set<Digest> = []
        var bytes: Int64 = 0
        var isPresent = true
        for blob in content.blobs where try !storage.hasBlob(blob.digest, size: blob.size) {
            isPresent = false
            guard expected.insert(blob.digest).inserted else { continue }
            missing.insert(blob.digest)
            bytes += blob.size
            try count(RegistryStorage.path(of: blob.digest), size: blob.size)
        }
        for link in content.layerLinks + content.revisionLinks where try !storage.has(link) {
            isPresent = false
            try count(link)
        }
        for list in content.lists {
            let found = try list.index(in: storage)
            guard !(found?.lists(image.root.descriptor.digest) ?? false) else { continue }
            isPresent = false
            try count(list, size: (found?.document.descriptor.size ?? 0) + image.root.descriptor.size)
        }
        var names: [LoadStep.Name] = []
        for reference in image.image.names {
            let action = try action(reference, image, content)
            if action == .set { isPresent = false }
            names.append(LoadStep.Name(reference, action))
        }
        let layers = content.layers.filter { missing.contains($0.digest) }
        return LoadStep(
            image: image, imageID: image.root.descriptor.digest, missing: layers,
            presentCount: content.layers.count - layers.count, isPresent: isPresent, bytesToSend: bytes, names: names)
    }

    private mutating func action(
        _ reference: Reference, _ image: TargetImage, _ content: RegistryContent
    ) throws -> LoadStep.Name.Action {
        let root = image.root.descriptor.digest
        guard let tag = reference.tag else {
            // A digest alone needs no more than the links that make the manifests be seen.
            return try content.revisionLinks.allSatisfy { try storage.has($0) } ? .present : .set
        }
        let link = StorageLink.tag(tag, in: reference.repository, root)
        let found = try storage.target(of: link)
        guard found != root else { return .present }
        if let found {
            let taken = EngineError(
                .nameTaken,
                "planning \(image.image.reference): in \(storage.root.path) the name "
                    + "\(reference.repository):\(tag) is \(found), not \(root), and its policy is 'tags: fail'; "
                    + "remove the tag from the registry, or build the bundle with 'tags: move' or 'tags: keep'")
            guard try image.image.tagPolicy.action(orThrow: taken) == .set else { return .keep }
        }
        try count(link)
        try count(.history(root, tag: tag, in: reference.repository))
        return .set
    }

    private mutating func count(_ link: StorageLink) throws(FileError) {
        try count(link.folder + "/" + StorageLink.fileName, size: Int64(link.content.count))
    }

    /// Adds a list that is going to be written anew; until then only what it is about has a digest.
    private mutating func count(_ list: StoredList, size: Int64) throws(FileError) {
        for link in list.links(to: list.subject) { try count(link) }
        try count(RegistryStorage.folder(of: list.subject) + "/list", size: size)
    }

    /// Adds a file that is going to be written, with the directories that it needs.
    ///
    /// A file that is replaced counts in full: the old one goes only when the new one is whole.
    private mutating func count(_ file: String, size: Int64) throws(FileError) {
        guard paths.insert(file).inserted else { return }
        room.inodes += 1
        room.bytes += (size + Self.blockSize - 1) / Self.blockSize * Self.blockSize
        var rest = file[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            guard paths.insert(String(rest)).inserted, try !storage.root.exists(String(rest)) else { return }
            room.inodes += 1
            room.bytes += Self.blockSize
        }
    }

    /// Refuses images that would get the same tag of the same repository.
    ///
    /// - Throws: `EngineError` with code `nameTaken`.
    static func refuseCollisions(_ images: [TargetImage]) throws(EngineError) {
        var owners: [String: (image: BundleImage, name: Reference)] = [:]
        for image in images.map(\.image) {
            for name in image.names {
                guard let tag = name.tag else { continue }
                let target = name.repository + ":" + tag
                guard let other = owners.updateValue((image, name), forKey: target), other.image.root != image.root
                else { continue }
                throw EngineError(
                    .nameTaken,
                    "planning the load: \(other.name) of \(other.image.reference) and \(name) of \(image.reference) "
                        + "would both be \(target), since a registry's directory knows no host names; "
                        + "give one of them another name with 'as:' in the spec, or put them into different groups")
            }
        }
    }
}
