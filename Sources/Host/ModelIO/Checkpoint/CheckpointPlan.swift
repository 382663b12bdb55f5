import Graph
import Tensors

/// Which files a folder will have and which tensors are in which: all that can be known without the numbers.
struct CheckpointPlan {
  /// The files of weights, in order.
  let weights: [(name: String, writer: SafetensorsWriter)]
  /// Text of the index of the shards; nil for a single file.
  let index: String?
  /// Text of `config.json`.
  let configuration: String

  /// - Parameters:
  ///   - entries: all tensors; their order does not matter.
  ///   - configuration: `config.json` of the new folder.
  ///   - maximumShardBytes: the most bytes of tensors in one file, unless one tensor alone has more.
  init(
    entries: [SafetensorsEntry], configuration: JSON, maximumShardBytes: Int, directory: String
  ) throws(ModelIOError) {
    self.configuration = configuration.text(indent: 2) + "\n"
    let shards = Self.shards(entries, maximumShardBytes: maximumShardBytes)
    var weights: [(String, SafetensorsWriter)] = []
    for (number, shard) in shards.enumerated() {
      let name = Self.fileName(number, of: shards.count)
      weights.append((name, try SafetensorsWriter(shard, path: "\(directory)/\(name)")))
    }
    self.weights = weights
    index = shards.count == 1 ? nil : Self.index(shards)
  }

  /// `config.json` of a folder of Lathe's own layout.
  static func configuration(_ source: JSON, linears: [(name: String, form: LinearForm)]) -> JSON {
    var members = FactorLayout.withoutModelling(source.objectValue ?? JSONObject())
    let layout = FactorLayout.json(linears)
    // A null that says "not quantised" already may stay.
    if layout != nil || members[FactorLayout.key]?.isNull != true { members[FactorLayout.key] = layout }
    return .object(members)
  }

  /// Fills one shard after the other in the order of the names.
  private static func shards(_ entries: [SafetensorsEntry], maximumShardBytes: Int) -> [[SafetensorsEntry]] {
    var shards: [[SafetensorsEntry]] = [[]]
    var filled = 0
    for entry in entries.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      let count = entry.checkedByteCount ?? 0
      if !shards[shards.count - 1].isEmpty, filled > maximumShardBytes - count {
        shards.append([])
        filled = 0
      }
      shards[shards.count - 1].append(entry)
      filled += count
    }
    return shards
  }

  private static func index(_ shards: [[SafetensorsEntry]]) -> String {
    var weightMap = JSONObject()
    var total = 0
    for (number, shard) in shards.enumerated() {
      for entry in shard {
        weightMap[entry.name] = .string(fileName(number, of: shards.count))
        total += entry.checkedByteCount ?? 0
      }
    }
    let json: JSON = ["metadata": ["total_size": .integer(total)], "weight_map": .object(weightMap)]
    return json.text(indent: 2) + "\n"
  }

  /// `model-00001-of-00003.safetensors`; a single file has its own name.
  static func fileName(_ number: Int, of count: Int) -> String {
    guard count > 1 else { return WeightFiles.single }
    return "model-\(fiveDigits(number + 1))-of-\(fiveDigits(count)).safetensors"
  }

  private static func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
