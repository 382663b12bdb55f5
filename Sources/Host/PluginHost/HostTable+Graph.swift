import CLathe
import Graph
import Runtime
import Tensors

extension HostTable {
  /// lathe.graph/1
  static let graph = Constant(
    lathe_host_graph(
      struct_size: UInt32(MemoryLayout<lathe_host_graph>.size), reserved: 0,
      model: { host, info in
        CallContext.guarded(host) { context throws(CallFault) in
          let configuration = context.snapshot.configuration
          try fill(info) { size in
            lathe_model_info(
              struct_size: size, block_count: Int32(configuration.blockCount),
              architecture: context.arena.hold(text: configuration.architecture),
              hidden_size: Int64(configuration.hiddenSize),
              vocabulary_size: Int64(configuration.vocabularySize),
              stored_bytes: UInt64(context.snapshot.byteCount))
          }
        }
      },
      node_count: { host in UInt32(CallContext.of(host)?.snapshot.nodes.count ?? 0) },
      node: { host, index, info in
        CallContext.guarded(host) { context throws(CallFault) in
          let node = try context.node(index)
          let isSelected = context.environment.selected.contains(node.index)
          try fill(info) { size in
            lathe_node_info(
              struct_size: size, kind: Int32(LATHE_NODE_LINEAR), role: node.role.rawValue,
              block: Int32(node.block ?? -1), flags: isSelected ? UInt32(LATHE_NODE_SELECTED) : 0,
              input_group: inputGroup(node), name: context.arena.hold(text: node.name),
              in_features: Int64(node.inFeatures), out_features: Int64(node.outFeatures),
              stored_bytes: UInt64(context.snapshot.forms[node.index].byteCount),
              dtype: ForeignTensor.dtype(of: node.elementType), reserved: 0)
          }
        }
      },
      linear: { host, index, out in
        CallContext.guarded(host) { context throws(CallFault) in
          let node = try context.node(index)
          guard let out else { throw .contract("linear was given no place for its result") }
          let linear = context.linear(node)
          out.pointee = ForeignLinear.make(
            linear?.form ?? context.snapshot.forms[node.index], linear: linear, arena: context.arena)
        }
      },
      dense_weight: { host, index, out in
        CallContext.guarded(host) { context throws(CallFault) in
          let node = try context.node(index)
          guard let out else { throw .contract("dense_weight was given no place for its result") }
          guard let linear = context.linear(node) else {
            throw .unsupported("a forecast has no weights")
          }
          out.pointee = ForeignTensor.make(try denseWeight(linear, of: node), readOnly: false)
        }
      },
      replace_linear: { host, index, form in
        CallContext.guarded(host) { context throws(CallFault) in
          let node = try context.node(index)
          let isForecast = try checkMayReplace(context, node)
          let given = try ForeignLinear.read(
            form, node: node, old: context.linear(node), needsValues: !isForecast)
          context.state.withLock { state in
            state.replacements[node.index] = given
            state.unanswered.remove(node.index)
          }
        }
      },
      scale_classes: { host, index, out in
        CallContext.guarded(host) { context throws(CallFault) in
          let node = try context.node(index)
          guard let out else { throw .contract("scale_classes was given no place for its result") }
          let classes = try InputScaling(of: node, in: context).classes.map(Int32.init)
          let tensor = Tensor(.i32, [classes.count]) { bytes in
            classes.withUnsafeBytes { bytes.copyMemory(from: $0) }
          }
          out.pointee = ForeignTensor.make(tensor, readOnly: false)
        }
      },
      scale_input: { host, index, scales in
        CallContext.guarded(host) { context throws(CallFault) in
          let node = try context.node(index)
          guard case .compress(let block) = context.phase, block == node.block else {
            throw .contract("the input of \(node.name) cannot be scaled in \(context.phase)")
          }
          try InputScaling(of: node, in: context).apply(scales)
        }
      }))

  /// Whether the call is a forecast; throws where the call may not replace `node`.
  private static func checkMayReplace(_ context: CallContext, _ node: Node) throws(CallFault) -> Bool {
    guard context.environment.selected.contains(node.index) else {
      throw .contract("\(node.name) is not selected, so it cannot be replaced")
    }
    switch context.phase {
    case .finish: return false
    case .compress(let block) where block == node.block: return false
    case .forecast(let index) where index == node.index: return true
    default: throw .contract("\(node.name) cannot be replaced in \(context.phase)")
    }
  }

  /// Nodes of one block and site read the same input.
  private static func inputGroup(_ node: Node) -> UInt32 {
    guard let block = node.block else { return 0 }
    return UInt32(1 + block * InputSite.allCases.count + node.role.site.rawValue)
  }

  private static func denseWeight(_ linear: Linear, of node: Node) throws(CallFault) -> Tensor {
    let dense: Tensor
    do { dense = try DenseProduct.weight(of: linear) } catch { throw .numerical("\(node.name): \(error)") }
    let isFinite = dense.withElements(as: Float.self) { $0.allSatisfy(\.isFinite) }
    guard isFinite else { throw .numerical("\(node.name) holds values that are not finite") }
    return dense
  }

  /// Writes as much of a new table as the caller has room for.
  private static func fill<Table: BitwiseCopyable>(
    _ target: UnsafeMutablePointer<Table>?, _ make: (UInt32) -> Table
  ) throws(CallFault) {
    guard let target else { throw .contract("an info table is NULL") }
    let size = UnsafeRawPointer(target).load(as: UInt32.self)
    guard size >= 8 else { throw .contract("an info table does not state its size") }
    var value = make(size)
    let count = min(Int(size), MemoryLayout<Table>.size)
    withUnsafeBytes(of: &value) { bytes in
      UnsafeMutableRawPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[..<count]).baseAddress ?? UnsafeRawPointer(target),
        byteCount: count)
    }
  }
}
