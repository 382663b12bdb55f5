import ModelIO
import PluginHost

/// What a finished stage reported, as it stands in a journal.
struct StageJournalEntry {
  let replaced: [Int]
  let seconds: Double
  let blockSeconds: [Double]
  /// Node (nil: the stage), key and value.
  private let entries: [(node: Int?, key: String, entry: StageReport.Entry)]

  init(_ outcome: StageOutcome, nodes: Int) {
    replaced = outcome.replaced
    seconds = outcome.seconds
    blockSeconds = outcome.blockSeconds
    let own = outcome.report.stage.map { (node: Int?.none, key: $0.key, entry: $0.entry) }
    let byNode = (0..<nodes).flatMap { node in
      outcome.report.entries(node: node).map { (node: Int?.some(node), key: $0.key, entry: $0.entry) }
    }
    entries = own + byNode
  }

  var json: JSON {
    [
      "replaced": .array(replaced.map(JSON.integer)), "seconds": .number(seconds),
      "block_seconds": .array(blockSeconds.map(JSON.number)),
      "entries": .array(
        entries.map { node, key, entry in
          let value: JSON =
            switch entry {
            case .metric(let number): .number(number)
            case .series(let numbers): .array(numbers.map(JSON.number))
            }
          return ["node": node.map(JSON.integer) ?? .null, "key": .string(key), "value": value]
        }),
    ]
  }

  /// Nil where `json` is something else.
  init?(json: JSON) {
    guard let replaced = json["replaced"]?.arrayValue?.map(\.intValue), !replaced.contains(nil),
      let seconds = json["seconds"]?.doubleValue, let blocks = json["block_seconds"]?.arrayValue,
      let list = json["entries"]?.arrayValue
    else { return nil }
    self.replaced = replaced.compactMap { $0 }
    self.seconds = seconds
    blockSeconds = blocks.compactMap(\.doubleValue)
    var entries: [(node: Int?, key: String, entry: StageReport.Entry)] = []
    for item in list {
      guard let key = item["key"]?.stringValue, let value = item["value"] else { return nil }
      // A number that is not finite is written as null.
      func number(_ json: JSON) -> Double { json.doubleValue ?? .nan }
      let entry: StageReport.Entry =
        value.arrayValue.map { .series($0.map(number)) } ?? .metric(number(value))
      entries.append((item["node"]?.intValue, key, entry))
    }
    self.entries = entries
  }

  func restore(_ report: StageReport) {
    for (node, key, entry) in entries { report.restore(key, node: node, entry) }
  }
}
