import Foundation
import ModelIO
import PluginHost

/// `lathe plugins trust`
enum TrustAction {
  static let usage = "trust add FILE | trust remove FILE|SHA256 | trust list"

  static func run(_ words: ArraySlice<String>, _ session: Session) throws -> ExitStatus {
    let path = TrustList.standardPath()
    let stored = try TrustList(path: path)
    var list = stored ?? TrustList(emptyAt: path)
    switch (words.first, words.dropFirst().first) {
    case ("list", nil): show(list, exists: stored != nil, session)
    case ("add", let file?):
      let entry = try TrustList.entry(of: file)
      list.add(entry)
      try list.write()
      session.print("\(entry.name) \(entry.hash) may be loaded (\(path))")
    case ("remove", let what?):
      let hash = TrustList.isHash(what) ? what : try TrustList.entry(of: what).hash
      guard list.remove(hash) else {
        throw PluginHostError.trustList(path: path, reason: "it does not hold the sha256 \(hash)")
      }
      try list.write()
      session.print("\(hash) may no longer be loaded (\(path))")
    default: throw UsageError("what is to be trusted? \(usage)")
    }
    return .done
  }

  private static func show(_ list: TrustList, exists: Bool, _ session: Session) {
    if session.isJSON {
      return session.print([
        "path": .string(list.path), "exists": .bool(exists),
        "plugins": .array(list.entries.map { ["file": .string($0.name), "sha256": .string($0.hash)] }),
      ])
    }
    let lines = list.entries.map { "\($0.hash)  \($0.name)" }
    let state =
      exists
      ? "only these and the plugins of this program are loaded (\(list.path))"
      : "there is no list (\(list.path)), so every plugin that is found is loaded"
    session.print((lines + [state]).joined(separator: "\n"))
  }
}
