import ModelIO
import PluginHost

/// An object of a recipe, read key by key with errors that name the place.
struct RecipeObject {
  let members: JSONObject
  private let path: String
  private let key: String

  init(_ json: JSON, path: String, key: String) throws(PipelineError) {
    guard let members = json.objectValue else {
      throw .recipe(path: path, key: key, reason: "an object in braces is needed")
    }
    self.members = members
    self.path = path
    self.key = key
  }

  /// Refuses keys that are not in `known`.
  func allow(_ known: [String]) throws(PipelineError) {
    for name in members.keys where !known.contains(name) {
      let hint = Spelling.nearest(to: name, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
      throw .recipe(
        path: path, key: place(name), reason: "unknown key\(hint) (known: \(known.joined(separator: ", ")))")
    }
  }

  func fault(_ name: String, _ reason: String) -> PipelineError {
    .recipe(path: path, key: place(name), reason: reason)
  }

  func object(_ name: String) throws(PipelineError) -> RecipeObject? {
    guard let value = members[name] else { return nil }
    return try RecipeObject(value, path: path, key: place(name))
  }

  func string(_ name: String) throws(PipelineError) -> String? {
    guard let value = members[name] else { return nil }
    guard let text = value.stringValue else { throw fault(name, "text in quotes is needed") }
    return text
  }

  func number(_ name: String) throws(PipelineError) -> Double? {
    guard let value = members[name] else { return nil }
    guard let number = value.doubleValue else { throw fault(name, "a number is needed") }
    return number
  }

  func boolean(_ name: String) throws(PipelineError) -> Bool? {
    guard let value = members[name] else { return nil }
    guard let flag = value.boolValue else { throw fault(name, "true or false is needed") }
    return flag
  }

  func integer(_ name: String, _ range: ClosedRange<Int>) throws(PipelineError) -> Int? {
    guard let value = members[name] else { return nil }
    guard let number = value.intValue, range.contains(number) else {
      let limit = range.upperBound == .max ? "" : " and at most \(range.upperBound)"
      throw fault(name, "an integer of at least \(range.lowerBound)\(limit) is needed")
    }
    return number
  }

  /// A list of texts, or one text alone.
  func strings(_ name: String) throws(PipelineError) -> [String]? {
    guard let value = members[name] else { return nil }
    if let one = value.stringValue { return [one] }
    guard let list = value.arrayValue else { throw fault(name, "a list of texts is needed") }
    var result: [String] = []
    for item in list {
      guard let text = item.stringValue else { throw fault(name, "a list of texts is needed") }
      result.append(text)
    }
    return result
  }

  private func place(_ name: String) -> String { key == "the recipe" ? name : "\(key).\(name)" }
}
