// fwsvd.cpp - FWSVD (Hsu et al., ICLR 2022) as a Lathe plugin.
//
// Channels whose weights the loss depends on matter more, so W is scaled by the diagonal of the Fisher
// information, summed over each channel, before it is truncated:
//
//   f_j = sqrt(sum over windows and over i of (d loss / d W_ij)^2),   W F = U diag(sigma) V^T,
//   A = U_k diag(sigma_k)^(1/2),   B = diag(sigma_k)^(1/2) V_k^T F^-1
//
// `channels: "output"` scales rows in place of columns. Every layer keeps the same share of its bytes. Gradients
// come from lathe.training/1, window by window, for the layers of one block at a time, so memory does not grow
// with depth.
#include <cmath>
#include <cstring>

#include "host.hpp"
#include "ranks.hpp"

namespace {

struct Instance {
  lathe_instance table;  // first, so that a pointer to it is a pointer to the instance
  bool byInput = true;
  uint32_t windows = 0;  // 0: all
  std::vector<Layer> layers;
  bool isAllocated = false;
};

Instance &of(lathe_instance *instance) { return *reinterpret_cast<Instance *>(instance); }

/// Under which f lies in the workspace. What `compress --resume` finds there is not computed again.
constexpr const char *importanceKey = "importance";

// ------------------------------------------------------------------- importance of channels

/// One layer while its gradients are summed.
struct Gradients {
  const Layer &layer;
  Tensor gradient;  // [out, in], of the last window
  Tensor sums;      // [in] or [out], float64
  bool isTrial;
};

const lathe_linear *presentForm(const Host &host, lathe_node node) {
  const lathe_linear *form = nullptr;
  check(host.graph()->linear(host.host, node, &form), "a layer could not be read");
  return form;
}

/// The gradient of a layer is that of its one factor. A layer that an earlier stage made a product gets a trial
/// with the same outputs and one factor.
Gradients prepare(const Host &host, const Layer &layer, bool byInput) {
  const lathe_linear *form = presentForm(host, layer.node);
  const bool isProduct = form->term_count != 1 || form->terms[0]->factor_count != 1;
  if (isProduct) {
    const Tensor weight = host.denseWeight(layer.node);
    const Product trial({{layer.out, layer.in, weight.get()}});
    check(host.training()->set_trial(host.host, layer.node, trial.form()), "a trial was refused");
  }
  return {layer, host.tensor(32, {layer.out, layer.in}), host.tensor(64, {byInput ? layer.in : layer.out}),
          isProduct};
}

void addSquares(Gradients &g, bool byInput) {
  const float *gradient = values<float>(g.gradient);
  double *sums = values<double>(g.sums);
  for (int64_t i = 0; i < g.layer.out; i++)
    for (int64_t j = 0; j < g.layer.in; j++) {
      const double d = gradient[i * g.layer.in + j];
      sums[byInput ? j : i] += d * d;
    }
}

bool isKept(const Host &host, const Layer &layer) {
  const lathe_tensor *found = nullptr;
  return host.store()->kept(host.host, layer.node, importanceKey, &found) == LATHE_OK;
}

/// Sums over all windows for the layers of one block, and keeps the results.
void measure(const Host &host, const std::vector<const Layer *> &layers, uint32_t windows, bool byInput) {
  std::vector<Gradients> all;
  for (const Layer *layer : layers) all.push_back(prepare(host, *layer, byInput));
  std::vector<lathe_factor_ref> weights;
  std::vector<lathe_tensor *> gradients;
  for (const Gradients &g : all) {
    weights.push_back({g.layer.node, 0, 0, 0});  // term 0, factor 0
    gradients.push_back(g.gradient.get());
  }
  for (uint32_t window = 0; window < windows; window++) {
    host.stopIfCancelled();
    lathe_loss loss{};
    loss.struct_size = sizeof loss;
    loss.next_token_weight = 1;
    check(host.training()->loss_and_gradients(host.host, LATHE_BATCHES_CALIBRATION, &window, 1, weights.data(),
                                            uint32_t(weights.size()), gradients.data(), &loss),
          "gradients could not be computed");
    for (Gradients &g : all) addSquares(g, byInput);
  }
  for (const Gradients &g : all) {
    const lathe_node node = g.layer.node;
    check(host.store()->keep(host.host, node, importanceKey, g.sums.get()), "importance could not be kept");
    // Trials last until allocate returns: the present form in its place, so that dense ones do not add up.
    if (!g.isTrial) continue;
    check(host.training()->set_trial(host.host, node, presentForm(host, node)), "a trial was refused");
  }
}

void measureAll(const Host &host, const Instance &self) {
  uint32_t windows = 0;
  check(host.training()->batch_count(host.host, LATHE_BATCHES_CALIBRATION, &windows), "there is no text");
  if (self.windows > 0) windows = std::min(windows, self.windows);
  std::vector<int32_t> blocks;
  for (const Layer &layer : self.layers) blocks.push_back(layer.block);
  std::sort(blocks.begin(), blocks.end());
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  for (size_t done = 0; done < blocks.size(); done++) {
    std::vector<const Layer *> layers;
    for (const Layer &layer : self.layers)
      if (layer.block == blocks[done] && !layer.stays() && !isKept(host, layer)) layers.push_back(&layer);
    if (!layers.empty()) measure(host, layers, windows, self.byInput);
    host.host->progress(host.host, double(done + 1) / double(blocks.size()), "gradients");
  }
}

/// f, from sums of squares. A channel without a gradient counts as the least important that has one.
std::vector<double> scales(const Host &host, const Layer &layer, int64_t count) {
  const lathe_tensor *sums = nullptr;
  check(host.store()->kept(host.host, layer.node, importanceKey, &sums), "importance was not kept");
  const double *squares = static_cast<const double *>(sums->data);
  double least = 0;
  for (int64_t i = 0; i < count; i++)
    if (squares[i] > 0 && (least == 0 || squares[i] < least)) least = squares[i];
  std::vector<double> result(count);
  for (int64_t i = 0; i < count; i++) result[i] = least == 0 ? 1 : std::sqrt(std::max(squares[i], least));
  return result;
}

// ------------------------------------------------------------------------------- a layer

void factorise(const Host &host, const Layer &layer, bool byInput) {
  const int64_t m = layer.out, n = layer.in, k = layer.rank;
  const std::vector<double> f = scales(host, layer, byInput ? n : m);
  const Tensor weight = host.denseWeight(layer.node), scaled = host.tensor(64, {m, n});
  const Tensor u = host.tensor(64, {m, k}), sigma = host.tensor(64, {k}), vt = host.tensor(64, {k, n});
  const Tensor a = host.tensor(32, {m, k}), b = host.tensor(32, {k, n});
  double total = 0, kept = 0;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      const double value = values<float>(weight)[i * n + j] * f[byInput ? j : i];
      values<double>(scaled)[i * n + j] = value;
      total += value * value;
    }
  check(host.algebra()->svd(host.host, scaled.get(), u.get(), sigma.get(), vt.get()), "the SVD failed");
  for (int64_t r = 0; r < k; r++) {
    const double value = values<double>(sigma)[r], root = std::sqrt(value);
    kept += value * value;
    for (int64_t i = 0; i < m; i++)
      values<float>(a)[i * k + r] = float(values<double>(u)[i * k + r] * root / (byInput ? 1 : f[i]));
    for (int64_t j = 0; j < n; j++)
      values<float>(b)[r * n + j] = float(values<double>(vt)[r * n + j] * root / (byInput ? f[j] : 1));
  }
  const Product pair({{k, n, b.get()}, {m, k, a.get()}});
  check(host.graph()->replace_linear(host.host, layer.node, pair.form()), "a layer could not be replaced");
  host.metric(layer.node, "rank", double(k));
  host.metric(layer.node, "relative_error", total > kept ? std::sqrt((total - kept) / total) : 0);
}

// -------------------------------------------------------------------------------- phases

/// A target that cannot be met fails here, before any work.
lathe_status plan(lathe_instance *, const lathe_host *handle) {
  return guarded(handle, [&] {
    const Host host(handle);
    Ranks ranks(host);
  });
}

lathe_status allocate(lathe_instance *instance, const lathe_host *handle) {
  return guarded(handle, [&] {
    const Host host(handle);
    Instance &self = of(instance);
    self.layers = Ranks(host).take();
    self.isAllocated = true;
    measureAll(host, self);
  });
}

lathe_status compress(lathe_instance *instance, const lathe_host *handle, int32_t block) {
  return guarded(handle, [&] {
    const Host host(handle);
    for (const Layer &layer : of(instance).layers) {
      if (layer.block != block || layer.stays()) continue;
      host.stopIfCancelled();
      try {
        factorise(host, layer, of(instance).byInput);
      } catch (const Failure &failure) {
        throw Failure(failure.status, std::string(host.node(layer.node).name) + ": " + failure.text);
      }
    }
  });
}

/// The same ranks as in compress: allocate's, or before it those it would choose.
lathe_status forecast(lathe_instance *instance, const lathe_host *handle, lathe_node node) {
  return guarded(handle, [&] {
    const Host host(handle);
    const std::vector<Layer> layers = of(instance).isAllocated ? of(instance).layers : Ranks(host).take();
    for (const Layer &layer : layers) {
      if (layer.node != node || layer.stays()) continue;
      const Product shape({{layer.rank, layer.in, nullptr}, {layer.out, layer.rank, nullptr}});
      check(host.graph()->replace_linear(host.host, node, shape.form()), "a forecast was refused");
    }
  });
}

void destroy(lathe_instance *instance) { delete &of(instance); }

lathe_status create(const lathe_strategy *, const lathe_host *handle, lathe_instance **out) {
  return guarded(handle, [&] {
    const lathe_host_params *params = Host(handle).params();
    const char *channels = nullptr;
    int64_t windows = 0;
    check(params->get_text(handle, "channels", &channels), "the parameter channels could not be read");
    check(params->get_int(handle, "windows", &windows), "the parameter windows could not be read");
    auto made = std::make_unique<Instance>();
    made->byInput = std::strcmp(channels, "input") == 0;
    made->windows = uint32_t(windows);
    made->table = {};
    made->table.struct_size = sizeof made->table;
    made->table.destroy = destroy;
    made->table.plan = plan;
    made->table.allocate = allocate;
    made->table.compress = compress;
    made->table.forecast = forecast;
    *out = &made.release()->table;
  });
}

// -------------------------------------------------------------------------------- tables

const char *const sides[] = {"input", "output"};
const lathe_param channels = {
    sizeof(lathe_param), LATHE_PARAM_CHOICE, 0, 2, "channels",
    "whose weights share one importance: input is a column of W, output a row", "input", 0, 0, sides};
const lathe_param windows = {
    sizeof(lathe_param), LATHE_PARAM_INT, 0, 0, "windows",
    "calibration windows to take gradients of; 0 takes all", "0", 0, 1000000, nullptr};
const lathe_param *const params[] = {&channels, &windows};
// create is not called where one of these is missing, so they need not be tested for.
const char *const needs[] = {LATHE_EXT_PARAMS,   LATHE_EXT_GRAPH,     LATHE_EXT_BUDGET, LATHE_EXT_LINALG,
                             LATHE_EXT_TRAINING, LATHE_EXT_WORKSPACE, nullptr};
const char *const uses[] = {LATHE_EXT_REPORT, nullptr};
const lathe_strategy fwsvd = {
    sizeof(lathe_strategy), LATHE_STRATEGY_BLOCK_PARALLEL | LATHE_STRATEGY_TAKES_BUDGET, "example.fwsvd",
    "FWSVD", "1.0.0", "truncated SVD of weights scaled by the Fisher information of channels, equal shares",
    "https://arxiv.org/abs/2207.00112", needs, uses, params, 2, 0, create};
const lathe_strategy *const strategies[] = {&fwsvd};
const lathe_module module = {
    sizeof(lathe_module), LATHE_ABI_MAJOR, LATHE_ABI_MINOR, 0, 0, 1, strategies, "Lathe examples",
    "Apache-2.0"};

}  // namespace

extern "C" LATHE_EXPORT const lathe_module *lathe_entry(const lathe_entry_info *) { return &module; }
