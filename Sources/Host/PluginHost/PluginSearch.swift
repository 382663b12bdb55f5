import Foundation

/// Finds plugins: files and folders the user names, the plugin path, the user's own, those that ship with Lathe.
///
/// The first library that offers an id wins; everything that was looked at is reported with the reason.
public struct PluginSearch: Sendable {
  /// One file that was looked at.
  public struct Candidate: Sendable {
    public let path: String
    /// Nil when the file was refused.
    public let library: PluginLibrary?
    /// Why it was refused, or which of its ids were already taken.
    public let note: String?
  }

  public let candidates: [Candidate]
  /// Whether files or folders were named to look at first.
  private let namesPlugins: Bool
  public var libraries: [PluginLibrary] { candidates.compactMap(\.library) }

  /// Searches `explicit` files or folders, then the standard places. A file named explicitly must be usable.
  ///
  /// With `isolation`, only the libraries beside the program are loaded into this process; the others are described
  /// by a worker that loads them.
  public init(
    explicit: [String], executable: String? = nil, trust: TrustPolicy = .anything,
    isolation: Isolation? = nil, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(PluginHostError) {
    let reader = PluginReader(
      trust: trust, isolation: isolation, ownFolders: Self.ownFolders(executable: executable),
      isCancelled: isCancelled)
    namesPlugins = !explicit.isEmpty
    var candidates: [Candidate] = []
    var owners: [String: String] = [:]
    var seen: Set<String> = []
    func consider(_ path: String, required: Bool) throws(PluginHostError) {
      let resolved = URL(filePath: path).resolvingSymlinksInPath().path
      guard seen.insert(resolved).inserted else { return }
      do {
        let library = try reader.library(path)
        let taken = library.strategies.compactMap { info in
          owners[info.id].map { "\(info.id) is already taken by \($0)" }
        }
        for info in library.strategies where owners[info.id] == nil { owners[info.id] = path }
        let notes = taken + library.warnings
        candidates.append(
          Candidate(path: path, library: library, note: notes.isEmpty ? nil : notes.joined(separator: "; ")))
      } catch {
        if case .cancelled = error { throw error }
        if required { throw error }
        candidates.append(Candidate(path: path, library: nil, note: error.description))
      }
    }
    for path in explicit {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw .unusable(path: path, reason: "there is no such file or folder")
      }
      let absolute = URL(filePath: path).path
      if isFolder.boolValue {
        for file in Self.libraries(in: absolute) { try consider(file, required: false) }
      } else {
        try consider(absolute, required: true)
      }
    }
    for folder in Self.standardFolders(executable: executable) {
      for file in Self.libraries(in: folder) { try consider(file, required: false) }
    }
    self.candidates = candidates
  }

  /// The library and the position in it of the strategy `id`. With `hash`, the library with that hash.
  public func strategy(
    _ id: String, hash: String? = nil
  ) throws(PluginHostError) -> (library: PluginLibrary, index: Int) {
    var others: [PluginLibrary] = []
    for library in libraries {
      guard let index = library.strategies.firstIndex(where: { $0.id == id }) else { continue }
      if hash == nil || hash == library.hash { return (library, index) }
      others.append(library)
    }
    if let hash, let first = others.first {
      let found = others.map { "\($0.path) has \($0.hash)" }.joined(separator: ", ")
      throw .untrusted(
        path: first.path, reason: "strategy \"\(id)\" is pinned to the sha256 \(hash), but \(found)")
    }
    // An id that several libraries have is one strategy.
    var known: [String] = []
    for info in libraries.flatMap(\.strategies) where !known.contains(info.id) { known.append(info.id) }
    throw .unknownStrategy(
      id: id, known: known, suggestion: Spelling.nearest(toID: id, in: known), namesPlugins: namesPlugins)
  }

  /// `LATHE_PLUGIN_PATH` replaces all others. Under elevated privileges no variable of the environment is asked.
  public static func standardFolders(
    executable: String?, environment: [String: String] = ProcessInfo.processInfo.environment,
    isPrivileged: Bool = Privileges.areElevated
  ) -> [String] {
    let environment = isPrivileged ? [:] : environment
    if let path = environment["LATHE_PLUGIN_PATH"] { return path.split(separator: ":").map(String.init) }
    var folders: [String] = []
    if let data = environment["XDG_DATA_HOME"] {
      folders.append(data + "/lathe/plugins")
    } else if let home = environment["HOME"] {
      folders.append(home + "/.local/share/lathe/plugins")
    }
    return folders + ownFolders(executable: executable)
  }

  /// The folders of the libraries that come with the program.
  private static func ownFolders(executable: String?) -> [String] {
    let file = executable ?? (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    guard let file else { return [] }
    let folder = URL(filePath: file).deletingLastPathComponent()
    return [folder.deletingLastPathComponent().appending(path: "lib/lathe/plugins").path, folder.path]
  }

  /// Shared libraries in `folder`, sorted. SwiftPM's build folder holds nothing else that ends in `.so`.
  private static func libraries(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".so") }.sorted().map { "\(folder)/\($0)" }
  }
}
