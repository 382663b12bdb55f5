import LowRank
import PluginKit

/// What the allocator knows of one linear.
struct RankCandidate: Sendable {
  /// Matrices of one role and shape form a group across depth.
  struct Group: Hashable, Sendable {
    let role: Role
    let outFeatures: Int
    let inFeatures: Int
  }

  let item: RankItem
  let group: Group
  /// Empty where no factor pair pays.
  let spectrum: Spectrum
}

extension RankAllocator {
  /// The paper's rule: within each group across depth, linears that lose more at the uniform rank are cut less.
  ///
  /// - Parameter clamp: the largest share that may go from one linear.
  func byLoss(_ candidates: [RankCandidate], clamp: Double) throws(StrategyError) -> [Int?] {
    let mean = removedShare
    let uniform = try start(levels.items.map { _ in mean })
    var removed = levels.items.map { _ in 0.0 }
    for members in Self.groups(candidates, where: { levels.top($0) > 0 }) {
      let weights = members.map { index in
        let rank = levels.rank(index, uniform[index]) ?? candidates[index].item.maximumRank
        return RemovedShares.weight(loss: candidates[index].spectrum.loss(rank))
      }
      let shares = RemovedShares.shares(weights: weights, mean: mean, clamp: clamp)
      for (index, share) in zip(members, shares) { removed[index] = share }
    }
    return ranks(try levels.fit(start(removed), target: target, value: gain(candidates)))
  }

  /// The squared loss that one step saves.
  private func gain(_ candidates: [RankCandidate]) -> (Int, Int) -> Double {
    { item, level in
      let spectrum = candidates[item].spectrum
      let lower = level * levels.step
      return level == levels.top(item) ? spectrum.tail(lower) : spectrum.sum(lower, lower + levels.step)
    }
  }

  /// Indices by group, groups in the order of their first member.
  private static func groups(
    _ candidates: [RankCandidate], where isIncluded: (Int) -> Bool
  ) -> [[Int]] {
    var places: [RankCandidate.Group: Int] = [:]
    var groups: [[Int]] = []
    for index in candidates.indices where isIncluded(index) {
      if let place = places[candidates[index].group] {
        groups[place].append(index)
      } else {
        places[candidates[index].group] = groups.count
        groups.append([index])
      }
    }
    return groups
  }
}
