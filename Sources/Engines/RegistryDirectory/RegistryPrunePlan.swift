import DurableFiles
import OCI

/// Which links and blobs leave a registry's storage, and why others stay; changes nothing.
///
/// Spec: docs/loading.md section 10.3.
struct RegistryPrunePlan {
    /// What becomes of each image.
    private(set) var steps: [PruneStep] = []
    /// By repository: the tags that go.
    private(set) var tags: [String: Set<String>] = [:]
    /// By repository: the manifests and indexes of which all links go.
    private(set) var documents: [String: Set<Digest>] = [:]
    /// By repository: the links of layers and configs that go.
    private(set) var layers: [String: Set<Digest>] = [:]
    /// What may be removed where nothing refers to it, documents in the order before their children.
    private(set) var candidates: (documents: [Digest], blobs: Set<Digest>) = ([], [])

    private let storage: RegistryStorage
    private let request: PruneRequest
    private let catalog: RegistryCatalog
    private var stored: StoredDocuments

    init(_ request: PruneRequest, in storage: RegistryStorage) throws(FileError) {
        self.request = request
        self.storage = storage
        catalog = try RegistryCatalog(of: storage)
        stored = StoredDocuments(of: storage)
        let going = try chooseTags()
        try chooseDocuments(going)
        try chooseLayers()
        try decide(going)
    }

    /// What nothing in a storage refers to any more that has these links.
    mutating func garbage(in current: RegistryCatalog) throws(FileError) -> Set<Digest> {
        var marked = current.others
        for repository in current.repositories.values {
            marked.formUnion(repository.layers)
            for root in repository.revisions.union(repository.tags.values) {
                let (documents, blobs) = try stored.closure(of: root)
                marked.formUnion(documents)
                marked.formUnion(blobs)
            }
        }
        return candidates.blobs.union(candidates.documents).subtracting(marked)
    }

    /// The links as they are when this plan is carried out.
    private var remainingCatalog: RegistryCatalog {
        var left = catalog
        for (name, repository) in catalog.repositories {
            left.repositories[name]?.layers.subtract(layers[name] ?? [])
            left.repositories[name]?.revisions.subtract(documents[name] ?? [])
            left.repositories[name]?.tags = repository.tags.filter { !(tags[name] ?? []).contains($0.key) }
        }
        return left
    }

    /// The documents that can be seen in a repository when this plan is carried out.
    private func remaining(_ repository: RegistryCatalog.Repository, _ name: String) -> Set<Digest> {
        let gone = tags[name] ?? []
        return repository.revisions.subtracting(documents[name] ?? []).union(
            repository.tags.filter { !gone.contains($0.key) }.values)
    }

    private static func repositories(of image: BroughtImage) -> [String] {
        Set(image.names.compactMap { (try? Reference(parsing: $0))?.repository }).sorted()
    }

    /// Tags of an image as they stand in a registry, which knows no host names: `repository:tag`.
    private static func tags(_ names: Set<String>) -> Set<String> {
        Set(
            names.compactMap { name in
                guard let reference = try? Reference(parsing: name), let tag = reference.tag else { return nil }
                return reference.repository + ":" + tag
            })
    }

    /// Finds the images that may go, and takes the tags that loads gave them.
    private mutating func chooseTags() throws(FileError) -> [BroughtImage] {
        let kept = Self.tags(request.keptNames)
        var going: [BroughtImage] = []
        for image in request.brought {
            guard !request.keptIDs.contains(image.id) else {
                steps.append(.current(image))
                continue
            }
            let own = Self.tags(image.names)
            var found: [(repository: String, tag: String)] = []
            for name in Self.repositories(of: image) {
                guard let repository = catalog.repositories[name] else { continue }
                for (tag, target) in repository.tags where target == image.id { found.append((name, tag)) }
                // What a removal left that was cut off.
                for tag in repository.emptyTags where own.subtracting(kept).contains("\(name):\(tag)") {
                    tags[name, default: []].insert(tag)
                }
            }
            if let name = found.first(where: { kept.contains("\($0):\($1)") }) {
                steps.append(.awaited(image, by: "\(name.repository):\(name.tag)"))
                continue
            }
            for (repository, tag) in found where own.contains("\(repository):\(tag)") {
                tags[repository, default: []].insert(tag)
            }
            going.append(image)
        }
        return going
    }

    /// Finds the manifests and indexes that no tag holds any more, and no index that stays.
    private mutating func chooseDocuments(_ going: [BroughtImage]) throws(FileError) {
        for image in going {
            let (own, _) = try stored.closure(of: image.id)
            for name in Self.repositories(of: image) {
                documents[name, default: []].formUnion(Set(own).subtracting(request.keptIDs))
            }
        }
        for (name, repository) in catalog.repositories where documents[name] != nil {
            try settle(name, repository)
        }
    }

    /// Leaves what is held in a repository; the lists of referrers hold nothing of which all goes, and go as well.
    private mutating func settle(_ name: String, _ repository: RegistryCatalog.Repository) throws(FileError) {
        let (chosen, chosenTags) = (documents[name] ?? [], tags[name] ?? [])
        var lists: [Digest: Set<Digest>] = [:]
        for digest in repository.revisions {
            guard let children = try listed(by: digest), children.isSubset(of: chosen) else { continue }
            lists[digest] = children
        }
        while true {
            documents[name] = chosen.union(lists.keys)
            let listTags = repository.tags.filter { lists[$0.value] != nil && ReferrerTag.listed(by: $0.key) != nil }
            tags[name] = chosenTags.union(listTags.keys)
            try leaveHeld(name, repository)
            let left = lists.filter { $0.value.union([$0.key]).isSubset(of: documents[name] ?? []) }
            guard left.count < lists.count else { break }
            lists = left
        }
        candidates.documents += lists.keys.sorted()
    }

    /// What a list of referrers of one subject lists; nil for any other document.
    private mutating func listed(by digest: Digest) throws(FileError) -> Set<Digest>? {
        guard let document = try stored.document(digest), document.subject == nil, document.blobs.isEmpty,
            let first = document.children.first, let subject = try stored.document(first)?.subject
        else { return nil }
        for child in document.children where try stored.document(child)?.subject != subject { return nil }
        return Set(document.children)
    }

    private mutating func leaveHeld(_ name: String, _ repository: RegistryCatalog.Repository) throws(FileError) {
        var held = Set(repository.tags.filter { !(tags[name] ?? []).contains($0.key) }.values)
        documents[name]?.subtract(held)
        // What stays holds its children, which then stay and hold theirs.
        held = remaining(repository, name)
        while !held.isEmpty {
            var children: Set<Digest> = []
            for digest in held { children.formUnion(try stored.document(digest)?.children ?? []) }
            held = children.intersection(documents[name] ?? [])
            documents[name]?.subtract(held)
        }
    }

    /// Finds the layers and configs that only those manifests need.
    private mutating func chooseLayers() throws(FileError) {
        for (name, repository) in catalog.repositories {
            guard let gone = documents[name], !gone.isEmpty else { continue }
            var unused: Set<Digest> = []
            for digest in gone { unused.formUnion(try stored.document(digest)?.blobs ?? []) }
            for root in remaining(repository, name) { unused.subtract(try stored.closure(of: root).blobs) }
            // Also those of which a removal that was cut off left no more than a folder.
            layers[name] = unused
        }
    }

    /// Says what becomes of each image, and what becomes free with it.
    private mutating func decide(_ going: [BroughtImage]) throws(FileError) {
        var closures: [(documents: [Digest], blobs: Set<Digest>)] = []
        var seen: Set<Digest> = []
        for image in going {
            let closure = try stored.closure(of: image.id)
            candidates.documents += closure.documents.filter { seen.insert($0).inserted }
            candidates.blobs.formUnion(closure.blobs)
            closures.append(closure)
        }
        var garbage = try garbage(in: remainingCatalog)
        for (image, closure) in zip(going, closures) {
            let own = garbage.intersection(closure.blobs.union(closure.documents))
            garbage.subtract(own)
            var bytes: Int64 = 0
            var isThere = false
            // A folder of a repository with nothing in it is what a removal left that was cut off.
            for name in Self.repositories(of: image) where catalog.repositories[name] == nil {
                if try storage.root.exists(StorageLink.path(name)) { isThere = true }
            }
            for digest in own {
                let folder = RegistryStorage.folder(of: digest)
                guard try storage.root.exists(folder) else { continue }
                isThere = true
                bytes += try storage.root.size(of: folder + "/" + RegistryStorage.blobName) ?? 0
            }
            steps.append(step(image, closure, isThere: isThere, bytes: bytes))
        }
        let order = Dictionary(
            request.brought.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        steps.sort { order[$0.image.id, default: 0] < order[$1.image.id, default: 0] }
    }

    private func step(
        _ image: BroughtImage, _ own: (documents: [Digest], blobs: Set<Digest>), isThere: Bool, bytes: Int64
    ) -> PruneStep {
        var names: [String] = []
        var reason: String?
        var isThere = isThere
        for name in Self.repositories(of: image) {
            guard let repository = catalog.repositories[name] else { continue }
            let gone = tags[name] ?? []
            for (tag, target) in repository.tags.sorted(by: { $0.key < $1.key }) where target == image.id {
                if gone.contains(tag) {
                    names.append("\(name):\(tag)")
                } else {
                    reason = reason ?? "it is also \(name):\(tag), which no bundle brought"
                }
            }
            let documents = documents[name] ?? []
            if repository.revisions.contains(image.id), !documents.contains(image.id) {
                reason = reason ?? "an index in \(name) that stays lists it"
            }
            // What a removal left that was cut off counts too.
            isThere =
                isThere || repository.isEmpty || !repository.emptyTags.isDisjoint(with: gone)
                || !documents.isDisjoint(with: repository.revisions.intersection(own.documents))
                || !own.blobs.isDisjoint(with: repository.layers.intersection(layers[name] ?? []))
        }
        if let reason { return PruneStep(image, names.isEmpty ? .keep : .unname, names: names, reason: reason) }
        guard isThere || !names.isEmpty else { return PruneStep(image, .absent) }
        return PruneStep(image, .remove, names: names, bytes: bytes)
    }
}
