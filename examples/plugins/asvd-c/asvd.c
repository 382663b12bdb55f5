/* asvd.c - ASVD (arXiv 2312.05821, equations 3 to 6) as a Lathe plugin.
 *
 * Input channels with large activations matter more, so W is scaled by them before it is truncated:
 *
 *   s_j = (mean |x_j|)^alpha,   W S = U diag(sigma) V^T,
 *   A = U_k diag(sigma_k)^(1/2),   B = diag(sigma_k)^(1/2) V_k^T S^-1
 *
 * Every layer keeps the same share of its bytes; the paper's search for ranks by sensitivity is not here. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lathe.h"
#include "ranks.h"

typedef struct state {
  lathe_instance table; /* first, so that a pointer to it is a pointer to the state */
  double alpha;
  layer *layers; /* NULL until allocate */
  uint32_t count;
} state;

static lathe_status find_layers(const lathe_host *host, layer **layers, uint32_t *count) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  *layers = calloc((size_t)graph->node_count(host) + 1, sizeof **layers);
  if (!*layers) return host->fail(host, LATHE_ERR_NO_MEMORY, "no memory for a list of layers");
  lathe_status status = give_ranks(host, *layers, count);
  if (status != LATHE_OK) {
    free(*layers);
    *layers = NULL;
  }
  return status;
}

/* ------------------------------------------------------------------------ phases */

/* Asks for mean |x| of every layer that will become a factor pair. A target that cannot be met fails here,
 * before the pass over the text. */
static lathe_status plan(lathe_instance *instance, const lathe_host *host) {
  (void)instance;
  const lathe_host_calibration *calibration = host->get_extension(host, LATHE_EXT_CALIBRATION);
  layer *layers;
  uint32_t count;
  lathe_status status = find_layers(host, &layers, &count);
  if (status != LATHE_OK) return status;
  for (uint32_t i = 0; i < count && status == LATHE_OK; i++) {
    lathe_stat_request request = {.struct_size = sizeof request, .kind = LATHE_STAT_INPUT_ABS_MEAN,
                                  .node = layers[i].node, .flags = LATHE_STAT_FOR_COMPRESS,
                                  .dtype = {LATHE_FLOAT, 64, 1}};
    if (layers[i].rank <= layers[i].limit) status = calibration->request(host, &request);
  }
  free(layers);
  return status == LATHE_OK ? status : host->fail(host, status, "mean |x| could not be requested");
}

static lathe_status allocate(lathe_instance *instance, const lathe_host *host) {
  state *self = (state *)instance;
  free(self->layers);
  return find_layers(host, &self->layers, &self->count);
}

/* ------------------------------------------------------------------------ a layer */

enum { WEIGHT, SCALED, U, SIGMA, VT, A, B, TENSORS };
typedef struct work { lathe_tensor *tensors[TENSORS]; } work;

static lathe_status make(const lathe_host *host, work *w, int which, uint8_t bits, int64_t rows,
                         int64_t columns) {
  const int64_t shape[2] = {rows, columns};
  const lathe_dtype real = {LATHE_FLOAT, bits, 1};
  return host->new_tensor(host, real, columns > 0 ? 2 : 1, shape, &w->tensors[which]);
}

static double *f64(work *w, int which) { return w->tensors[which]->data; }
static float *f32(work *w, int which) { return w->tensors[which]->data; }

/* s_j; a channel that no token used counts as the smallest that some token used. */
static double scale(const double *mean, int64_t n, int64_t j, double alpha) {
  double least = INFINITY;
  for (int64_t i = 0; mean[j] <= 0 && i < n; i++)
    if (mean[i] > 0 && mean[i] < least) least = mean[i];
  if (mean[j] > 0) least = mean[j];
  return isfinite(least) ? pow(least, alpha) : 1;
}

/* The relative error ||(W - W') S||_F / ||W S||_F from what was kept: `kept` = sum of sigma_i^2 over i <= k. */
static double relative_error(const double *scaled, int64_t size, const double *sigma, int64_t rank) {
  double total = 0, kept = 0;
  for (int64_t i = 0; i < size; i++) total += scaled[i] * scaled[i];
  for (int64_t i = 0; i < rank; i++) kept += sigma[i] * sigma[i];
  return total > kept ? sqrt((total - kept) / total) : 0;
}

static lathe_status factorise(const lathe_host *host, const layer *l, double alpha, work *w, double *error) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  const lathe_host_linalg *algebra = host->get_extension(host, LATHE_EXT_LINALG);
  const lathe_host_calibration *calibration = host->get_extension(host, LATHE_EXT_CALIBRATION);
  const int64_t m = l->out, n = l->in, k = l->rank;
  const lathe_tensor *mean;
  lathe_status status = calibration->stat(host, l->node, LATHE_STAT_INPUT_ABS_MEAN, 0, &mean, NULL);
  if (status == LATHE_OK) status = graph->dense_weight(host, l->node, &w->tensors[WEIGHT]);
  if (status == LATHE_OK) status = make(host, w, SCALED, 64, m, n);
  if (status == LATHE_OK) status = make(host, w, U, 64, m, k);
  if (status == LATHE_OK) status = make(host, w, SIGMA, 64, k, 0);
  if (status == LATHE_OK) status = make(host, w, VT, 64, k, n);
  if (status == LATHE_OK) status = make(host, w, A, 32, m, k);
  if (status == LATHE_OK) status = make(host, w, B, 32, k, n);
  if (status != LATHE_OK) return status;

  for (int64_t j = 0; j < n; j++) {
    const double s = scale(mean->data, n, j, alpha);
    for (int64_t i = 0; i < m; i++) f64(w, SCALED)[i * n + j] = f32(w, WEIGHT)[i * n + j] * s;
  }
  status = algebra->svd(host, w->tensors[SCALED], w->tensors[U], w->tensors[SIGMA], w->tensors[VT]);
  if (status != LATHE_OK) return status;
  for (int64_t i = 0; i < m; i++)
    for (int64_t r = 0; r < k; r++)
      f32(w, A)[i * k + r] = (float)(f64(w, U)[i * k + r] * sqrt(f64(w, SIGMA)[r]));
  for (int64_t j = 0; j < n; j++) {
    const double s = scale(mean->data, n, j, alpha);
    for (int64_t r = 0; r < k; r++)
      f32(w, B)[r * n + j] = (float)(f64(w, VT)[r * n + j] * sqrt(f64(w, SIGMA)[r]) / s);
  }
  *error = relative_error(f64(w, SCALED), m * n, f64(w, SIGMA), k);
  return LATHE_OK;
}

static lathe_status compress_layer(const lathe_host *host, const layer *l, double alpha) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  const lathe_host_report *report = host->get_extension(host, LATHE_EXT_REPORT); /* optional: may be NULL */
  work w = {{NULL}};
  double error = 0;
  lathe_status status = factorise(host, l, alpha, &w, &error);
  if (status == LATHE_OK) {
    pair p;
    set_pair(&p, l, l->rank, w.tensors[A], w.tensors[B]);
    status = graph->replace_linear(host, l->node, &p.form); /* copies; a NULL bias keeps the old one */
  }
  for (int i = 0; i < TENSORS; i++) /* one way out, whatever happened */
    if (w.tensors[i]) w.tensors[i]->deleter(w.tensors[i]);
  if (status == LATHE_OK && report && LATHE_HAS(report, metric)) {
    report->metric(host, l->node, "rank", (double)l->rank);
    report->metric(host, l->node, "relative_error", error);
  }
  return status;
}

static lathe_status compress(lathe_instance *instance, const lathe_host *host, int32_t block) {
  const state *self = (const state *)instance;
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  for (uint32_t i = 0; i < self->count; i++) {
    const layer *l = &self->layers[i];
    lathe_node_info info = {.struct_size = sizeof info};
    lathe_status status = graph->node(host, l->node, &info);
    if (status != LATHE_OK) return host->fail(host, status, "a layer could not be looked at");
    if (info.block != block || l->rank > l->limit) continue;
    if (host->is_cancelled(host)) return host->fail(host, LATHE_ERR_CANCELLED, "cancelled");
    status = compress_layer(host, l, self->alpha);
    if (status != LATHE_OK) {
      char text[256];
      snprintf(text, sizeof text, "%s could not be factorised", info.name);
      return host->fail(host, status, text);
    }
  }
  return LATHE_OK;
}

/* The same ranks as in compress: allocate's, or before it those it would choose. */
static lathe_status forecast(lathe_instance *instance, const lathe_host *host, lathe_node node) {
  const state *self = (const state *)instance;
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  layer *layers = self->layers;
  uint32_t count = self->count;
  lathe_status status = layers ? LATHE_OK : find_layers(host, &layers, &count);
  if (status != LATHE_OK) return status;
  for (uint32_t i = 0; i < count && status == LATHE_OK; i++) {
    if (layers[i].node != node || layers[i].rank > layers[i].limit) continue;
    pair p;
    set_pair(&p, &layers[i], layers[i].rank, NULL, NULL);
    status = graph->replace_linear(host, node, &p.form);
  }
  if (layers != self->layers) free(layers);
  return status == LATHE_OK ? status : host->fail(host, status, "a forecast was refused");
}

/* --------------------------------------------------------------------- life, tables */

static void destroy(lathe_instance *instance) {
  free(((state *)instance)->layers);
  free(instance);
}

static lathe_status create(const lathe_strategy *strategy, const lathe_host *host, lathe_instance **out) {
  (void)strategy;
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS);
  state *made = calloc(1, sizeof *made);
  if (!made) return host->fail(host, LATHE_ERR_NO_MEMORY, "no memory for an instance");
  lathe_status status = params->get_float(host, "alpha", &made->alpha);
  if (status != LATHE_OK) {
    free(made);
    return host->fail(host, status, "the parameter alpha could not be read");
  }
  made->table = (lathe_instance){.struct_size = sizeof made->table, .destroy = destroy, .plan = plan,
                                 .allocate = allocate, .compress = compress, .forecast = forecast};
  *out = &made->table;
  return LATHE_OK;
}

static const lathe_param alpha = {
    .struct_size = sizeof alpha, .type = LATHE_PARAM_FLOAT, .key = "alpha",
    .summary = "how much large activations count: 0 is the plain SVD", .default_value = "0.5",
    .minimum = 0, .maximum = 2};
static const lathe_param *const params[] = {&alpha};
/* create is not called where one of these is missing, so they need not be tested for. */
static const char *const needs[] = {LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, LATHE_EXT_BUDGET, LATHE_EXT_CALIBRATION,
                                    LATHE_EXT_LINALG, NULL};
static const char *const uses[] = {LATHE_EXT_REPORT, NULL};
static const lathe_strategy asvd = {
    .struct_size = sizeof asvd, .flags = LATHE_STRATEGY_BLOCK_PARALLEL | LATHE_STRATEGY_TAKES_BUDGET,
    .id = "example.asvd", .name = "ASVD", .version = "1.0.0",
    .summary = "truncated SVD of weights scaled by mean activations, equal shares",
    .reference = "https://arxiv.org/abs/2312.05821", .required_extensions = needs, .optional_extensions = uses,
    .params = params, .param_count = 1, .declared_stats = 1u << LATHE_STAT_INPUT_ABS_MEAN, .create = create};
static const lathe_strategy *const strategies[] = {&asvd};
static const lathe_module module = {
    .struct_size = sizeof module, .abi_major = LATHE_ABI_MAJOR, .abi_minor = LATHE_ABI_MINOR,
    .strategy_count = 1, .strategies = strategies, .vendor = "Lathe examples", .license = "Apache-2.0"};

LATHE_EXPORT const lathe_module *lathe_entry(const lathe_entry_info *info);
const lathe_module *lathe_entry(const lathe_entry_info *info) {
  (void)info;
  return &module;
}
