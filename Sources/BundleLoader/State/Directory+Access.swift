import DurableFiles
import Glibc

extension Directory {
    /// What is wrong with whom the directory belongs to and who may write in it; nil when that is root or this user only.
    var faultOfAccess: String? {
        get throws(FileError) {
            let user = try owner.userID
            guard user == 0 || user == geteuid() else {
                return "the directory belongs to user \(user), who could change it; give it to root (chown)"
            }
            return try permissions & 0o022 == 0
                ? nil : "others than its owner may write in the directory; forbid that (chmod go-w)"
        }
    }
}
