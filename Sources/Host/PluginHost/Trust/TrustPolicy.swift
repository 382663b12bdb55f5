import Foundation

/// Which libraries may be loaded.
public struct TrustPolicy: Sendable {
  /// The user's list; nil where there is none.
  public var list: TrustList?
  /// Whether a library must be listed although there is no list.
  public var needsList: Bool

  public init(list: TrustList? = nil, needsList: Bool = false) {
    self.list = list
    self.needsList = needsList
  }

  /// Everything may be loaded.
  public static let anything = TrustPolicy()

  /// The user's own list, where there is one.
  public static func standard(needsList: Bool = false) throws(PluginHostError) -> TrustPolicy {
    TrustPolicy(list: try TrustList(path: TrustList.standardPath()), needsList: needsList)
  }

  /// Whether hashes decide.
  var isInForce: Bool { list != nil || needsList }

  /// Throws unless `file` may be loaded. Libraries that come with the program are not asked about.
  func check(_ file: PluginFile) throws(PluginHostError) {
    guard isInForce, list?.contains(file.hash) != true else { return }
    let place = list?.path ?? TrustList.standardPath()
    let expected =
      list == nil ? "there is no list \(place)" : "expected was one of the list \(place)"
    throw .untrusted(
      path: file.path,
      reason: "its sha256 is \(file.hash), \(expected); allow it with `lathe plugins trust add \(file.path)`")
  }
}
