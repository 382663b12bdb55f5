import ModelIO
import PluginHost

/// What a finished stage reported, as it stands in a journal.
struct StageJournalEntry {
  let replaced: [Int]
  let seconds: Double
  let blockSeconds: [Double]
  let scalings: [Int: LinearScaling]
  /// SHA-256 of every file of the model that the stage left, by name.
  let hashes: [String: String]
  /// Node (nil: the stage), key and value.
  private let entries: [(node: Int?, key: String, entry: StageReport.Entry)]

  init(_ outcome: StageOutcome, nodes: Int, written: CheckpointRecord) {
    hashes = Dictionary(written.files.map { ($0.name, $0.hash) }, uniquingKeysWith: { first, _ in first })
    replaced = outcome.replaced
    seconds = outcome.seconds
    blockSeconds = outcome.blockSeconds
    scalings = outcome.scalings
    let own = outcome.report.stage.map { (node: Int?.none, key: $0.key, entry: $0.entry) }
    let byNode = (0..<nodes).flatMap { node in
      outcome.report.entries(node: node).map { (node: Int?.some(node), key: $0.key, entry: $0.entry) }
    }
    entries = own + byNode
  }

  var json: JSON {
    [
      "files": .object(JSONObject(hashes.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
      "replaced": .array(replaced.map(JSON.integer)), "seconds": .number(seconds),
      "block_seconds": .array(blockSeconds.map(JSON.number)),
      "scalings": .array(
        scalings.sorted { $0.key < $1.key }.map { node, scaling in
          func list(_ values: [Float]?) -> JSON {
            values.map { .array($0.map { .number(Double($0)) }) } ?? .null
          }
          return ["node": .integer(node), "input": list(scaling.input), "output": list(scaling.output)]
        }),
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
      let files = json["files"]?.objectValue, !files.isEmpty, let list = json["entries"]?.arrayValue,
      let scaled = json["scalings"]?.arrayValue
    else { return nil }
    var scalings: [Int: LinearScaling] = [:]
    for item in scaled {
      guard let node = item["node"]?.intValue else { return nil }
      func values(_ key: String) -> [Float]? {
        item[key]?.arrayValue?.map { Float($0.doubleValue ?? .nan) }
      }
      scalings[node] = LinearScaling(input: values("input"), output: values("output"))
    }
    self.scalings = scalings
    hashes = Dictionary(
      files.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { first, _ in first })
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
