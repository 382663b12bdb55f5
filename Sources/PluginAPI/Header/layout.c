/* layout.c - proves the layout that lathe.h promises, and lists it
 *
 * Every structure's fields are listed once below. The compiler checks that they fill
 * the structure without padding, so a field that is added to the header and forgotten
 * here does not compile. */
#include "layout.h"

#include "lathe.h"

#define FIELDS_lathe_dtype(F, S) \
  F(S, code) F(S, bits) F(S, lanes)
#define FIELDS_lathe_tensor(F, S) \
  F(S, dlpack_major) F(S, dlpack_minor) F(S, manager_ctx) F(S, deleter) F(S, flags) F(S, data) \
  F(S, device_type) F(S, device_id) F(S, ndim) F(S, dtype) F(S, shape) F(S, strides) \
  F(S, byte_offset)
#define FIELDS_lathe_host(F, S) \
  F(S, struct_size) F(S, abi_major) F(S, abi_minor) F(S, host_data) F(S, name) F(S, version) \
  F(S, seed) F(S, get_extension) F(S, log) F(S, fail) F(S, is_cancelled) F(S, progress) \
  F(S, new_tensor)
#define FIELDS_lathe_param(F, S) \
  F(S, struct_size) F(S, type) F(S, flags) F(S, choice_count) F(S, key) F(S, summary) \
  F(S, default_value) F(S, minimum) F(S, maximum) F(S, choices)
#define FIELDS_lathe_instance(F, S) \
  F(S, struct_size) F(S, reserved) F(S, strategy_data) F(S, destroy) F(S, plan) F(S, analyze) \
  F(S, allocate) F(S, compress) F(S, finish) F(S, forecast) F(S, get_extension)
#define FIELDS_lathe_strategy(F, S) \
  F(S, struct_size) F(S, flags) F(S, id) F(S, name) F(S, version) F(S, summary) F(S, reference) \
  F(S, required_extensions) F(S, optional_extensions) F(S, params) F(S, param_count) \
  F(S, declared_stats) F(S, create)
#define FIELDS_lathe_module(F, S) \
  F(S, struct_size) F(S, abi_major) F(S, abi_minor) F(S, min_host_minor) F(S, reserved) \
  F(S, strategy_count) F(S, strategies) F(S, vendor) F(S, license)
#define FIELDS_lathe_entry_info(F, S) \
  F(S, struct_size) F(S, abi_major) F(S, abi_minor) F(S, module_path)
#define FIELDS_lathe_host_params(F, S) \
  F(S, struct_size) F(S, reserved) F(S, get_int) F(S, get_float) F(S, get_text) \
  F(S, get_float_list)
#define FIELDS_lathe_model_info(F, S) \
  F(S, struct_size) F(S, block_count) F(S, architecture) F(S, hidden_size) F(S, vocabulary_size) \
  F(S, stored_bytes)
#define FIELDS_lathe_node_info(F, S) \
  F(S, struct_size) F(S, kind) F(S, role) F(S, block) F(S, flags) F(S, input_group) F(S, name) \
  F(S, in_features) F(S, out_features) F(S, stored_bytes) F(S, dtype) F(S, reserved)
#define FIELDS_lathe_matrix(F, S) \
  F(S, struct_size) F(S, storage) F(S, rows) F(S, columns) F(S, values) F(S, scales) \
  F(S, zero_points) F(S, group_size) F(S, bits) F(S, dtype) F(S, flags)
#define FIELDS_lathe_term(F, S) \
  F(S, struct_size) F(S, factor_count) F(S, factors)
#define FIELDS_lathe_linear(F, S) \
  F(S, struct_size) F(S, term_count) F(S, terms) F(S, bias)
#define FIELDS_lathe_host_graph(F, S) \
  F(S, struct_size) F(S, reserved) F(S, model) F(S, node_count) F(S, node) F(S, linear) \
  F(S, dense_weight) F(S, replace_linear)
#define FIELDS_lathe_host_budget(F, S) \
  F(S, struct_size) F(S, reserved) F(S, target) F(S, cost)
#define FIELDS_lathe_stat_request(F, S) \
  F(S, struct_size) F(S, kind) F(S, node) F(S, flags) F(S, dtype) F(S, reserved) F(S, max_rows)
#define FIELDS_lathe_host_calibration(F, S) \
  F(S, struct_size) F(S, reserved) F(S, request) F(S, stat)
#define FIELDS_lathe_factor_ref(F, S) \
  F(S, node) F(S, term) F(S, factor) F(S, reserved)
#define FIELDS_lathe_loss(F, S) \
  F(S, struct_size) F(S, flags) F(S, next_token_weight) F(S, divergence_weight) \
  F(S, next_token) F(S, divergence)
#define FIELDS_lathe_host_training(F, S) \
  F(S, struct_size) F(S, reserved) F(S, batch_count) F(S, set_trial) F(S, loss) \
  F(S, loss_and_gradients) F(S, set_trial_values)
#define FIELDS_lathe_host_linalg(F, S) \
  F(S, struct_size) F(S, reserved) F(S, gemm) F(S, syrk) F(S, cholesky) F(S, solve_lower) \
  F(S, solve_upper) F(S, eigh) F(S, svd) F(S, qr)
#define FIELDS_lathe_host_parallel(F, S) \
  F(S, struct_size) F(S, reserved) F(S, for_each)
#define FIELDS_lathe_host_random(F, S) \
  F(S, struct_size) F(S, reserved) F(S, uniform) F(S, normal)
#define FIELDS_lathe_host_workspace(F, S) \
  F(S, struct_size) F(S, reserved) F(S, scratch) F(S, keep) F(S, kept)
#define FIELDS_lathe_host_report(F, S) \
  F(S, struct_size) F(S, reserved) F(S, metric) F(S, series)
#define STRUCTURES(X) \
  X(lathe_dtype) X(lathe_tensor) X(lathe_host) X(lathe_param) X(lathe_instance) \
  X(lathe_strategy) X(lathe_module) X(lathe_entry_info) X(lathe_host_params) X(lathe_model_info) \
  X(lathe_node_info) X(lathe_matrix) X(lathe_term) X(lathe_linear) X(lathe_host_graph) \
  X(lathe_host_budget) X(lathe_stat_request) X(lathe_host_calibration) X(lathe_factor_ref) \
  X(lathe_loss) X(lathe_host_training) X(lathe_host_linalg) X(lathe_host_parallel) \
  X(lathe_host_random) X(lathe_host_workspace) X(lathe_host_report) 

#define ADD_SIZE(S, field) +sizeof(((S *)0)->field)
#define HAS_NO_PADDING(S) \
  _Static_assert(sizeof(S) == 0 FIELDS_##S(ADD_SIZE, S), #S " has padding or an unlisted field");
STRUCTURES(HAS_NO_PADDING)

/* DLPack 1.1, DLManagedTensorVersioned, in its own nesting. */
struct dl_device { int32_t type, id; };
struct dl_data_type { uint8_t code, bits; uint16_t lanes; };
struct dl_tensor {
  void *data;
  struct dl_device device;
  int32_t ndim;
  struct dl_data_type dtype;
  int64_t *shape;
  int64_t *strides;
  uint64_t byte_offset;
};
struct dl_managed {
  struct { uint32_t major, minor; } version;
  void *manager_ctx;
  void (*deleter)(struct dl_managed *self);
  uint64_t flags;
  struct dl_tensor dl_tensor;
};
#define SAME_PLACE(ours, theirs) \
  _Static_assert(offsetof(lathe_tensor, ours) == offsetof(struct dl_managed, theirs) && \
                     sizeof(((lathe_tensor *)0)->ours) == sizeof(((struct dl_managed *)0)->theirs), \
                 "lathe_tensor." #ours " is not where DLPack 1.1 has it");
SAME_PLACE(dlpack_major, version.major)
SAME_PLACE(dlpack_minor, version.minor)
SAME_PLACE(manager_ctx, manager_ctx)
SAME_PLACE(deleter, deleter)
SAME_PLACE(flags, flags)
SAME_PLACE(data, dl_tensor.data)
SAME_PLACE(device_type, dl_tensor.device.type)
SAME_PLACE(device_id, dl_tensor.device.id)
SAME_PLACE(ndim, dl_tensor.ndim)
SAME_PLACE(dtype, dl_tensor.dtype)
SAME_PLACE(dtype.code, dl_tensor.dtype.code)
SAME_PLACE(dtype.bits, dl_tensor.dtype.bits)
SAME_PLACE(dtype.lanes, dl_tensor.dtype.lanes)
SAME_PLACE(shape, dl_tensor.shape)
SAME_PLACE(strides, dl_tensor.strides)
SAME_PLACE(byte_offset, dl_tensor.byte_offset)
_Static_assert(sizeof(lathe_tensor) == sizeof(struct dl_managed), "lathe_tensor is not DLPack 1.1's tensor");

/* What may never change in any major version. */
_Static_assert(offsetof(lathe_module, strategy_count) == 12, "the first 16 bytes of lathe_module moved");
_Static_assert(sizeof(lathe_factor_ref) == 16, "lathe_factor_ref is fixed at 16 bytes");

#define FIELD_ROW(S, field) {#S, #field, offsetof(S, field), sizeof(((S *)0)->field)},
#define ROWS(S) FIELDS_##S(FIELD_ROW, S){#S, "sizeof", 0, sizeof(S)},
static const lathe_layout_row rows[] = {STRUCTURES(ROWS)};

const lathe_layout_row *lathe_layout(uint64_t *count) {
  *count = sizeof(rows) / sizeof(rows[0]);
  return rows;
}
