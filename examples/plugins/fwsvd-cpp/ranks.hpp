// ranks.hpp - which rank each layer gets under the host's byte budget.
#pragma once

#include "host.hpp"

/// A selected linear. It may become a factor pair of rank 1 ... limit, or stay as it is.
struct Layer {
  lathe_node node;
  int32_t block;
  int64_t out, in;
  uint64_t bytes;     // the price of its present form
  int64_t limit = 0;  // the largest rank that is cheaper than that; 0 if none is
  int64_t rank = 0;   // what it gets; above limit: it stays as it is
  bool stays() const { return rank > limit; }
};

/// Equal shares: every layer keeps the same share of its bytes, what rounding leaves over is spent rank by rank.
/// Never above the target, and no further rank of any layer would fit.
class Ranks {
 public:
  explicit Ranks(const Host &host) : host_(host) {
    check(host.budget()->target(host.host, &target_), "there is no budget; give the stage a value for keep");
    for (lathe_node node = 0; node < host.graph()->node_count(host.host); node++) list(node);
    start();
    while (used_ > target_) takeBack();
    while (spend()) {
    }
  }

  std::vector<Layer> take() { return std::move(layers_); }

 private:
  /// Bytes in the finished folder: what the later stages of the recipe make of the form is counted.
  uint64_t price(const Layer &layer, int64_t rank) const {
    if (rank > layer.limit) return layer.bytes;
    uint64_t bytes = 0;
    const Product shape({{rank, layer.in, nullptr}, {layer.out, rank, nullptr}});
    check(host_.budget()->cost(host_.host, layer.node, shape.form(), &bytes), "a layer could not be priced");
    return bytes;
  }

  /// The largest rank in least ... most that costs at most `bytes`, else `least`. Prices do not fall with the
  /// rank.
  int64_t largest(const Layer &layer, int64_t least, int64_t most, double bytes) const {
    while (least < most) {
      const int64_t middle = least + (most - least + 1) / 2;
      if (double(price(layer, middle)) <= bytes) least = middle;
      else most = middle - 1;
    }
    return least;
  }

  void list(lathe_node node) {
    const lathe_node_info info = host_.node(node);
    if (info.kind != LATHE_NODE_LINEAR || !(info.flags & LATHE_NODE_SELECTED)) return;
    Layer layer{node, info.block, info.out_features, info.in_features, 0};
    const lathe_linear *present = nullptr;
    check(host_.graph()->linear(host_.host, node, &present), "a layer could not be read");
    check(host_.budget()->cost(host_.host, node, present, &layer.bytes), "a layer could not be priced");
    if (layer.bytes > 0) {
      layer.limit = std::min(layer.out, layer.in);
      layer.limit = largest(layer, 0, layer.limit, double(layer.bytes) - 1);
    }
    layers_.push_back(layer);
  }

  void start() {
    double fixed = 0, open = 0;
    for (const Layer &layer : layers_) (layer.limit > 0 ? open : fixed) += double(layer.bytes);
    const double share = open > 0 ? (double(target_) - fixed) / open : 1;
    for (Layer &layer : layers_) {
      layer.rank = largest(layer, 1, layer.limit + 1, share * double(layer.bytes));
      used_ += price(layer, layer.rank);
    }
  }

  /// One rank less for the layer that keeps the largest share; only where rank 1 of a small layer is above its
  /// own.
  void takeBack() {
    Layer *richest = nullptr;
    double highest = 0;
    for (Layer &layer : layers_) {
      if (layer.limit == 0 || layer.rank <= 1) continue;
      const double share = double(price(layer, layer.rank)) / double(layer.bytes);
      if (!richest || share > highest) richest = &layer, highest = share;
    }
    if (!richest) throw Failure(LATHE_ERR_INVALID, "the budget is below rank 1 in every layer; raise keep");
    used_ -= price(*richest, richest->rank);
    used_ += price(*richest, --richest->rank);
  }

  /// One rank more for each layer in turn, as long as it fits; says whether any did.
  bool spend() {
    bool spent = false;
    for (Layer &layer : layers_) {
      if (layer.stays()) continue;
      const uint64_t others = used_ - price(layer, layer.rank), next = price(layer, layer.rank + 1);
      if (others + next > target_) continue;
      used_ = others + next;
      layer.rank++;
      spent = true;
    }
    return spent;
  }

  const Host &host_;
  uint64_t target_ = 0, used_ = 0;
  std::vector<Layer> layers_;
};
