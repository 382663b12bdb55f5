// round_bits.cpp - a complete Lathe plugin in C++.
//
// Rounds the weights of the selected linears to `bits` significant bits and stores them as before.
#include <cmath>

#include "host.hpp"

namespace {

struct Instance {
  lathe_instance table{};  // first, so that a pointer to it is a pointer to the instance
  int bits = 0;
};

Instance &of(lathe_instance *instance) { return *reinterpret_cast<Instance *>(instance); }

/// THE METHOD: what becomes of one weight matrix [out, in], row after row. Returns the relative error.
double roundWeights(float *values, int64_t count, int bits) {
  double error = 0, total = 0;
  for (int64_t i = 0; i < count; i++) {
    int exponent;
    const double old = values[i], fraction = std::frexp(old, &exponent);  // in 0.5 ... 1
    values[i] = float(std::ldexp(std::nearbyint(std::ldexp(fraction, bits)), exponent - bits));
    error += (values[i] - old) * (values[i] - old);
    total += old * old;
  }
  return total > 0 ? std::sqrt(error / total) : 0;
}

/// Whether a layer is one dense matrix. A product or codes, which an earlier stage made, stay as they are here: one
/// dense matrix in their place would undo what that stage saved.
bool isDense(const Host &host, lathe_node node) {
  const lathe_linear *form = nullptr;
  check(host.graph()->linear(host.host, node, &form), "a linear could not be read");
  return form->term_count == 1 && form->terms[0]->factor_count == 1 &&
         form->terms[0]->factors[0]->storage == LATHE_MATRIX_DENSE;
}

/// No statistics, no budget.
lathe_status plan(lathe_instance *, const lathe_host *) { return LATHE_OK; }

lathe_status compress(lathe_instance *instance, const lathe_host *handle, int32_t block) {
  return guarded(handle, [&] {
    const Host host(handle);
    for (lathe_node node = 0; node < host.graph()->node_count(handle); node++) {
      host.stopIfCancelled();
      const lathe_node_info info = host.node(node);
      if (info.kind != LATHE_NODE_LINEAR || !(info.flags & LATHE_NODE_SELECTED)) continue;
      if (info.block != block || !isDense(host, node)) continue;
      const Tensor weight = host.denseWeight(node);
      const double error =
          roundWeights(values<float>(weight), info.out_features * info.in_features, of(instance).bits);
      const Product dense({{info.out_features, info.in_features, weight.get()}});
      check(host.graph()->replace_linear(handle, node, dense.form()), "a linear could not be replaced");
      host.metric(node, "weight_error", error);
    }
  });
}

/// Called with a layer in any form, to know sizes before any work. Here shapes never change, and a forecast that
/// replaces nothing says so.
lathe_status forecast(lathe_instance *, const lathe_host *, lathe_node) { return LATHE_OK; }

void destroy(lathe_instance *instance) { delete &of(instance); }

lathe_status create(const lathe_strategy *, const lathe_host *handle, lathe_instance **out) {
  return guarded(handle, [&] {
    int64_t bits = 0;
    check(Host(handle).params()->get_int(handle, "bits", &bits), "the parameter bits could not be read");
    auto made = std::make_unique<Instance>();
    made->bits = int(bits);
    made->table.struct_size = sizeof made->table;
    made->table.destroy = destroy;
    made->table.plan = plan;
    made->table.compress = compress;
    made->table.forecast = forecast;  // null: phases that are not needed
    *out = &made.release()->table;
  });
}

const lathe_param bits = {
    sizeof(lathe_param), LATHE_PARAM_INT, 0, 0, "bits", "significant bits that a weight keeps", "8", 1, 24,
    nullptr};
const lathe_param *const params[] = {&bits};
// create is not called where one of these is missing, so they need not be tested for.
const char *const needs[] = {LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, nullptr};
const char *const uses[] = {LATHE_EXT_REPORT, nullptr};
const lathe_strategy strategy = {
    sizeof(lathe_strategy), LATHE_STRATEGY_BLOCK_PARALLEL, "example.round-bits", "Round bits", "1.0.0",
    "rounds weights to a few significant bits", "", needs, uses, params, 1, 0, create};
const lathe_strategy *const strategies[] = {&strategy};
const lathe_module module = {
    sizeof(lathe_module), LATHE_ABI_MAJOR, LATHE_ABI_MINOR, 0, 0, 1, strategies, "Lathe examples",
    "Apache-2.0"};

}  // namespace

extern "C" LATHE_EXPORT const lathe_module *lathe_entry(const lathe_entry_info *) { return &module; }
