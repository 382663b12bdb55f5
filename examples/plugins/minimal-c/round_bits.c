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

static lathe_status round_node(const lathe_host *host, const lathe_host_graph *graph, int bits,
                               lathe_node node, const lathe_node_info *info) {
  lathe_tensor *weight = NULL; /* ours: float32 [out, in] */
  lathe_status status = graph->dense_weight(host, node, &weight);
  if (status != LATHE_OK) return host->fail(host, status, "a weight could not be read");
  float *values = weight->data;
  for (int64_t i = 0; i < info->out_features * info->in_features; i++) {
    int exponent;
    double fraction = frexp(values[i], &exponent); /* in 0.5 ... 1 */
    values[i] = (float)ldexp(nearbyint(ldexp(fraction, bits)), exponent - bits);
  }
  lathe_matrix matrix = {.struct_size = sizeof matrix, .storage = LATHE_MATRIX_DENSE,
                         .rows = info->out_features, .columns = info->in_features, .values = weight};
  const lathe_matrix *factors[] = {&matrix};
  lathe_term term = {.struct_size = sizeof term, .factor_count = 1, .factors = factors};
  const lathe_term *terms[] = {&term};
  lathe_linear form = {.struct_size = sizeof form, .term_count = 1, .terms = terms};
  status = graph->replace_linear(host, node, &form); /* copies; a NULL bias keeps the old one */
  weight->deleter(weight);
  return status == LATHE_OK ? status : host->fail(host, status, "a linear could not be replaced");
}

static lathe_status compress(lathe_instance *instance, const lathe_host *host, int32_t block) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  if (!graph || !LATHE_HAS(graph, replace_linear))
    return host->fail(host, LATHE_ERR_UNSUPPORTED, "this host has no lathe.graph/1; use a newer one");
  for (lathe_node node = 0; node < graph->node_count(host); node++) {
    lathe_node_info info = {.struct_size = sizeof info};
    if (host->is_cancelled(host)) return host->fail(host, LATHE_ERR_CANCELLED, "cancelled");
    if (graph->node(host, node, &info) != LATHE_OK || info.kind != LATHE_NODE_LINEAR) continue;
    if (info.block != block || !(info.flags & LATHE_NODE_SELECTED)) continue;
    lathe_status status = round_node(host, graph, ((state *)instance)->bits, node, &info);
    if (status != LATHE_OK) return status;
  }
  return LATHE_OK;
}

static void destroy(lathe_instance *instance) { free(instance); }

static lathe_status create(const lathe_strategy *strategy, const lathe_host *host, lathe_instance **out) {
  (void)strategy;
  int64_t bits;
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS);
  if (!params || !LATHE_HAS(params, get_int) || params->get_int(host, "bits", &bits) != LATHE_OK)
    return host->fail(host, LATHE_ERR_UNSUPPORTED, "the parameter bits could not be read");
  state *made = calloc(1, sizeof *made);
  if (!made) return host->fail(host, LATHE_ERR_NO_MEMORY, "no memory for an instance");
  made->bits = (int)bits;
  made->table = (lathe_instance){.struct_size = sizeof made->table, .destroy = destroy, .plan = plan,
                                 .compress = compress}; /* NULL: phases that are not needed */
  *out = &made->table;
  return LATHE_OK;
}

static const lathe_param bits_param = {
    .struct_size = sizeof bits_param, .type = LATHE_PARAM_INT, .key = "bits",
    .summary = "significant bits that a weight keeps", .default_value = "8", .minimum = 1, .maximum = 24};
static const lathe_param *const params[] = {&bits_param};
static const char *const needs[] = {LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, NULL};
static const char *const nothing[] = {NULL};
static const lathe_strategy round_bits = {
    .struct_size = sizeof round_bits, .flags = LATHE_STRATEGY_BLOCK_PARALLEL, .id = "example.round-bits",
    .name = "Round bits", .version = "1.0.0", .summary = "rounds weights to a few significant bits",
    .reference = "", .required_extensions = needs, .optional_extensions = nothing, .params = params,
    .param_count = 1, .create = create};
static const lathe_strategy *const strategies[] = {&round_bits};
static const lathe_module module = {
    .struct_size = sizeof module, .abi_major = LATHE_ABI_MAJOR, .abi_minor = LATHE_ABI_MINOR,
    .strategy_count = 1, .strategies = strategies, .vendor = "Lathe examples", .license = "Apache-2.0"};

LATHE_EXPORT const lathe_module *lathe_entry(const lathe_entry_info *info);
const lathe_module *lathe_entry(const lathe_entry_info *info) {
  (void)info;
  return &module;
}
