/* round_bits.c - a complete Lathe plugin in one C file.
 *
 * Rounds the weights of the selected linears to `bits` significant bits and stores
 * them as before. It saves no bytes: it shows every table that a small strategy
 * touches. Needs lathe.h and the C library. */
#include <math.h>
#include <stdlib.h>

#include "lathe.h"

typedef struct state {
  lathe_instance table; /* first, so that a pointer to it is a pointer to the state */
  int bits;
} state;

static lathe_status plan(lathe_instance *instance, const lathe_host *host) {
  (void)instance, (void)host; /* no statistics, no budget */
  return LATHE_OK;
}

/* Whether a layer is one dense matrix. A product or codes, which an earlier stage made, stay as they are here: one
 * dense matrix in their place would undo what that stage saved. */
static int is_dense(const lathe_linear *form) {
  return form->term_count == 1 && form->terms[0]->factor_count == 1 &&
         form->terms[0]->factors[0]->storage == LATHE_MATRIX_DENSE;
}

/* THE METHOD: what becomes of one weight matrix [out, in], row after row. Returns the relative error. */
static double round_weights(float *values, int64_t count, int bits) {
  double error = 0, total = 0;
  for (int64_t i = 0; i < count; i++) {
    int exponent;
    double old = values[i], fraction = frexp(old, &exponent); /* in 0.5 ... 1 */
    values[i] = (float)ldexp(nearbyint(ldexp(fraction, bits)), exponent - bits);
    error += (values[i] - old) * (values[i] - old);
    total += old * old;
  }
  return total > 0 ? sqrt(error / total) : 0;
}

static lathe_status compress_node(const lathe_host *host, const lathe_host_graph *graph, int bits,
                                  lathe_node node, const lathe_node_info *info) {
  const lathe_linear *present; /* the host's */
  lathe_status status = graph->linear(host, node, &present);
  if (status != LATHE_OK) return host->fail(host, status, "a linear could not be read");
  if (!is_dense(present)) return LATHE_OK;
  lathe_tensor *weight = NULL; /* ours: float32 [out, in] */
  status = graph->dense_weight(host, node, &weight);
  if (status != LATHE_OK) return host->fail(host, status, "a weight could not be read");
  double error = round_weights(weight->data, info->out_features * info->in_features, bits);
  lathe_matrix matrix = {.struct_size = sizeof matrix, .storage = LATHE_MATRIX_DENSE,
                         .rows = info->out_features, .columns = info->in_features, .values = weight};
  const lathe_matrix *factors[] = {&matrix};
  lathe_term term = {.struct_size = sizeof term, .factor_count = 1, .factors = factors};
  const lathe_term *terms[] = {&term};
  lathe_linear form = {.struct_size = sizeof form, .term_count = 1, .terms = terms};
  status = graph->replace_linear(host, node, &form); /* copies; a NULL bias keeps the old one */
  weight->deleter(weight);
  if (status != LATHE_OK) return host->fail(host, status, "a linear could not be replaced");
  const lathe_host_report *report = host->get_extension(host, LATHE_EXT_REPORT); /* optional: may be NULL */
  if (report && LATHE_HAS(report, metric)) report->metric(host, node, "weight_error", error);
  return LATHE_OK;
}

static lathe_status compress(lathe_instance *instance, const lathe_host *host, int32_t block) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  for (lathe_node node = 0; node < graph->node_count(host); node++) {
    lathe_node_info info = {.struct_size = sizeof info};
    if (host->is_cancelled(host)) return host->fail(host, LATHE_ERR_CANCELLED, "cancelled");
    lathe_status status = graph->node(host, node, &info);
    if (status != LATHE_OK) return host->fail(host, status, "a layer could not be looked at");
    if (info.kind != LATHE_NODE_LINEAR || info.block != block || !(info.flags & LATHE_NODE_SELECTED)) continue;
    status = compress_node(host, graph, ((state *)instance)->bits, node, &info);
    if (status != LATHE_OK) return status;
  }
  return LATHE_OK;
}

/* Called with a layer in any form, to know sizes before any work. Here shapes never change, and a forecast that
 * replaces nothing says so. */
static lathe_status forecast(lathe_instance *instance, const lathe_host *host, lathe_node node) {
  (void)instance, (void)host, (void)node;
  return LATHE_OK;
}

static void destroy(lathe_instance *instance) { free(instance); }

static lathe_status create(const lathe_strategy *self, const lathe_host *host, lathe_instance **out) {
  (void)self;
  int64_t bits;
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS);
  lathe_status status = params->get_int(host, "bits", &bits);
  if (status != LATHE_OK) return host->fail(host, status, "the parameter bits could not be read");
  state *made = calloc(1, sizeof *made);
  if (!made) return host->fail(host, LATHE_ERR_NO_MEMORY, "no memory for an instance");
  made->bits = (int)bits;
  made->table = (lathe_instance){.struct_size = sizeof made->table, .destroy = destroy, .plan = plan,
                                 .compress = compress, .forecast = forecast}; /* the others are not needed */
  *out = &made->table;
  return LATHE_OK;
}

static const lathe_param bits_param = {
    .struct_size = sizeof bits_param, .type = LATHE_PARAM_INT, .key = "bits",
    .summary = "significant bits that a weight keeps", .default_value = "8", .minimum = 1, .maximum = 24};
static const lathe_param *const params[] = {&bits_param};
/* create is not called where one of these is missing, so they need not be tested for. */
static const char *const needs[] = {LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, NULL};
static const char *const uses[] = {LATHE_EXT_REPORT, NULL};
static const lathe_strategy strategy = {
    .struct_size = sizeof strategy, .flags = LATHE_STRATEGY_BLOCK_PARALLEL, .id = "example.round-bits",
    .name = "Round bits", .version = "1.0.0", .summary = "rounds weights to a few significant bits",
    .reference = "", .required_extensions = needs, .optional_extensions = uses, .params = params,
    .param_count = 1, .create = create};
static const lathe_strategy *const strategies[] = {&strategy};
static const lathe_module module = {
    .struct_size = sizeof module, .abi_major = LATHE_ABI_MAJOR, .abi_minor = LATHE_ABI_MINOR,
    .strategy_count = 1, .strategies = strategies, .vendor = "Lathe examples", .license = "Apache-2.0"};

LATHE_EXPORT const lathe_module *lathe_entry(const lathe_entry_info *info);
const lathe_module *lathe_entry(const lathe_entry_info *info) {
  (void)info;
  return &module;
}
