import Foundation
import Glibc
import Tensors

extension TrustList {
  /// The text of the list at `path`; nil only where nothing has that name. Whatever else keeps it from being read is
  /// an error: a list that is there and cannot be seen is not the same as no list.
  static func contents(of path: String) throws(PluginHostError) -> Data? {
    guard try exists(path) else { return nil }
    let file: OpenFile
    do throws(TensorError) { file = try OpenFile(reading: path) } catch {
      var reason = error.description
      if case .cannotOpen(_, let text) = error { reason = text }
      throw unreadable(path, reason)
    }
    var info = stat()
    guard fstat(file.descriptor, &info) == 0 else { throw unreadable(path, systemReason(errno)) }
    guard info.st_mode & S_IWOTH == 0 else {
      throw .trustList(
        path: path,
        reason: "everybody may write to it, so it guards nothing; see what is in it, then chmod o-w \(path)")
    }
    do {
      return try FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: false).readToEnd() ?? Data()
    } catch { throw unreadable(path, "\(error)") }
  }

  /// Where a list at `path` is to be written: a link stays a link, and what it leads to is replaced.
  static func target(of path: String) throws(PluginHostError) -> String {
    guard try exists(path) else { return path }
    guard let resolved = realpath(path, nil) else { throw unreadable(path, systemReason(errno)) }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Whether anything has this name, a link to nothing included. A folder above it may be missing, but must not be a
  /// link to nothing either.
  private static func exists(_ path: String) throws(PluginHostError) -> Bool {
    var info = stat()
    if lstat(path, &info) == 0 { return true }
    guard errno == ENOENT else { throw unreadable(path, systemReason(errno)) }
    var folder = URL(filePath: path).deletingLastPathComponent().path
    while folder != "/", !folder.isEmpty, lstat(folder, &info) != 0 {
      guard errno == ENOENT else { throw unreadable(path, systemReason(errno)) }
      folder = URL(filePath: folder).deletingLastPathComponent().path
    }
    guard folder == "/" || stat(folder, &info) == 0 else {
      throw unreadable(path, "\(folder) is a link that leads nowhere")
    }
    return false
  }

  private static func unreadable(_ path: String, _ reason: String) -> PluginHostError {
    .trustList(
      path: path,
      reason:
        "it cannot be read (\(reason)), so no plugin is loaded; mend it, or remove it to allow every plugin")
  }

  private static func systemReason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
