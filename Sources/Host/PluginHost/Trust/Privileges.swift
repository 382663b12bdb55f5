import CKernels
import Foundation
import Glibc

/// Whether the environment can be believed: what secure_getenv asks.
public enum Privileges {
  /// Set-user-ID, set-group-ID or file capabilities: whoever set the environment has fewer rights than this process.
  public static var areElevated: Bool { worker_is_privileged() != 0 }

  /// The home folder of the user this process acts as, from the system's table.
  static var home: String {
    guard let entry = getpwuid(geteuid()), let folder = entry.pointee.pw_dir else { return "/" }
    return String(cString: folder)
  }
}
