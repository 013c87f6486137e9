import OCI

/// An image, or a name on the target, that stands twice in a list of images.
public struct Repetition: Sendable, Equatable {
    /// Where it stands.
    public struct Place: Sendable, Hashable {
        /// The position of the image in the list.
        public let image: Int
        /// The position among the image's names; nil for the image itself.
        public let name: Int?
    }

    /// Where it stands again.
    public let place: Place
    /// Where it stood first.
    public let earlier: Place

    /// The first one of a list; nil when every image comes from another place and every name points to one image.
    public init?(in images: [ImageEntry]) {
        var places: [String: Place] = [:]
        for (number, image) in images.enumerated() {
            var spellings: [(String, Int?)] = [(Self.identity(of: image.source), nil)]
            spellings += image.names.enumerated().map { ("name " + $0.element.description, $0.offset) }
            for (spelling, name) in spellings {
                let place = Place(image: number, name: name)
                if let earlier = places.updateValue(place, forKey: spelling) {
                    self.place = place
                    self.earlier = earlier
                    return
                }
            }
        }
        return nil
    }

    private static func identity(of source: ImageSource) -> String {
        switch source {
        case .registry(let reference): "registry " + reference.description
        case .layout(let path, let reference): "layout " + path + (reference.map { "@" + $0 } ?? "")
        case .ociArchive(let path, let reference): "archive " + path + (reference.map { "@" + $0 } ?? "")
        case .dockerArchive(let path, let reference): "archive " + path + (reference.map { ":" + $0.description } ?? "")
        case .dockerDaemon(let reference): "daemon " + reference.description
        case .dockerImage(let digest): "daemon " + digest.description
        case .bundle(let path, let reference): "bundle " + path + "@" + reference.description
        }
    }
}
