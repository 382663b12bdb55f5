import Calibration
import Graph

extension CallContext {
  /// Rows of a sample, or windows of a group, beyond which more are not taken.
  static let mostRows: UInt64 = 1 << 20

  /// Throws unless this call may ask for `request`, whoever wrote it down: the host's own table or a worker process.
  func check(_ request: StatisticRequest) throws(CallFault) {
    guard phase == .plan else { throw .contract("statistics can only be requested in plan") }
    guard snapshot.nodes.indices.contains(request.node) else {
      throw .contract("node \(request.node) does not exist; the model has \(snapshot.nodes.count)")
    }
    let node = snapshot.nodes[request.node]
    let kind = request.kind
    guard !kind.needsGradients else {
      throw .unsupported("statistic \(kind.rawValue) cannot be computed by this host")
    }
    guard declaredStatistics.contains(kind.rawValue) else {
      throw .contract("statistic \(kind) was requested but not declared in declared_stats")
    }
    guard node.block != nil else {
      throw .unsupported("there are no statistics of \(node.name), which is in no block")
    }
    guard request.elementType == .f32 || request.elementType == .f64 else {
      throw .contract("a statistic can only be f32 or f64")
    }
    guard !request.phases.isEmpty, request.phases.isSubset(of: [.analyze, .compress]),
      request.upstream == .compressed ? request.phases == .compress : kind != .inputCrossGram
    else {
      throw .contract("statistic \(kind) of \(node.name) does not exist in the phases it is wanted for")
    }
    guard (0...Int(Self.mostRows)).contains(request.maximumRows) else {
      throw .contract(
        "\(request.maximumRows) rows of a statistic were requested; \(Self.mostRows) is the most")
    }
  }
}
