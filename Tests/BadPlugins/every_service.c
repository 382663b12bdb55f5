/* Uses every function of every table of ABI 1.0 but training, and lets each result enter the weights it writes. */
#include <lathe.h>
#include <stdio.h>
#include <string.h>

static int64_t amount;
static lathe_status whole(const lathe_host *host, int32_t block);
static lathe_status read_parameters(const lathe_host *host);
static lathe_status ask(const lathe_host *host);
#define DECLARED_STATS (1u << LATHE_STAT_INPUT_GRAM)
#define FLAGS LATHE_STRATEGY_TAKES_BUDGET
#define CREATE return read_parameters(host);
#define PLAN return ask(host);
#define COMPRESS return block < 0 ? LATHE_OK : whole(host, block);
#include "plugin.h"

#define TRY(call)                                  \
  do {                                             \
    const lathe_status tried = (call);             \
    if (tried != LATHE_OK) return host->fail(host, tried, #call); \
  } while (0)

static lathe_status read_parameters(const lathe_host *host) {
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS);
  const char *note;
  TRY(params->get_int(host, "amount", &amount));
  TRY(params->get_text(host, "note", &note));
  amount += (int64_t)strlen(note);
  return LATHE_OK;
}

static lathe_status ask(const lathe_host *host) {
  const lathe_host_calibration *calibration = host->get_extension(host, LATHE_EXT_CALIBRATION);
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  for (lathe_node node = 0; node < graph->node_count(host); node++) {
    const lathe_stat_request request = {
      sizeof request, LATHE_STAT_INPUT_GRAM, node, 0, {LATHE_FLOAT, 64, 1}, 0, 0};
    if (info(host, node).block >= 0) TRY(calibration->request(host, &request));
  }
  return LATHE_OK;
}

typedef struct piece {
  float *values;
  float factor;
} piece;

static lathe_status scale(void *context, uint64_t index) {
  const piece *work = context;
  work->values[index] *= work->factor;
  return LATHE_OK;
}

/* The weight as host functions leave it, in `values` of [rows, columns]. */
static lathe_status reckon(const lathe_host *host, lathe_node node, lathe_tensor *weight) {
  const lathe_host_linalg *linalg = host->get_extension(host, LATHE_EXT_LINALG);
  const lathe_host_random *random = host->get_extension(host, LATHE_EXT_RANDOM);
  const lathe_host_parallel *parallel = host->get_extension(host, LATHE_EXT_PARALLEL);
  const lathe_host_calibration *calibration = host->get_extension(host, LATHE_EXT_CALIBRATION);
  const lathe_tensor *gram;
  uint64_t tokens;
  TRY(calibration->stat(host, node, LATHE_STAT_INPUT_GRAM, 0, &gram, &tokens));
  const int64_t n = weight->shape[1];
  lathe_tensor *noise, *narrow, *product;
  TRY(host->new_tensor(host, float32, 2, weight->shape, &noise));
  TRY(host->new_tensor(host, float32, 2, gram->shape, &narrow));
  TRY(host->new_tensor(host, float32, 2, weight->shape, &product));
  TRY(random->normal(host, node, 1, noise));
  for (int64_t i = 0; i < n * n; i++) ((float *)narrow->data)[i] = (float)(((double *)gram->data)[i] / (double)tokens);
  TRY(linalg->gemm(host, 0, 0, 0.01, noise, narrow, 0.0, product));
  piece work = {weight->data, 0.5f};
  TRY(parallel->for_each(host, (uint64_t)(weight->shape[0] * n), scale, &work));
  for (int64_t i = 0; i < weight->shape[0] * n; i++) ((float *)weight->data)[i] += ((float *)product->data)[i];
  noise->deleter(noise);
  narrow->deleter(narrow);
  product->deleter(product);
  return LATHE_OK;
}

static lathe_status whole(const lathe_host *host, int32_t block) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  const lathe_host_budget *budget = host->get_extension(host, LATHE_EXT_BUDGET);
  const lathe_host_workspace *workspace = host->get_extension(host, LATHE_EXT_WORKSPACE);
  const lathe_host_report *report = host->get_extension(host, LATHE_EXT_REPORT);
  lathe_model_info model = {.struct_size = sizeof model};
  TRY(graph->model(host, &model));
  for (lathe_node node = 0; node < graph->node_count(host); node++) {
    const lathe_node_info place = info(host, node);
    if (place.block != block || !(place.flags & LATHE_NODE_SELECTED)) continue;
    if (host->is_cancelled(host)) return LATHE_ERR_CANCELLED;
    const lathe_linear *form;
    lathe_tensor *weight;
    uint64_t target, cost;
    TRY(graph->linear(host, node, &form));
    TRY(graph->dense_weight(host, node, &weight));
    TRY(budget->target(host, &target));
    TRY(budget->cost(host, node, form, &cost));
    TRY(reckon(host, node, weight));
    const lathe_tensor *kept;
    TRY(workspace->keep(host, node, "weight", weight));
    TRY(workspace->kept(host, node, "weight", &kept));
    double *numbers = workspace->scratch(host, 4 * sizeof(double));
    const double facts[] = {(double)target, (double)cost, (double)amount, (double)model.stored_bytes};
    memcpy(numbers, facts, sizeof facts);
    report->metric(host, node, "first", ((float *)kept->data)[0]);
    report->series(host, node, "facts", numbers, 4);
    ((float *)weight->data)[0] += (float)(cost % 7);
    lathe_matrix matrix = {.struct_size = sizeof matrix, .storage = LATHE_MATRIX_DENSE,
                           .rows = place.out_features, .columns = place.in_features, .values = weight};
    const lathe_status status = put(host, node, &matrix);
    weight->deleter(weight);
    TRY(status);
    host->progress(host, (double)node / 14, place.name);
    char line[160];
    snprintf(line, sizeof line, "%s done", place.name);
    host->log(host, LATHE_LOG_INFO, line);
  }
  report->metric(host, LATHE_NODE_NONE, "blocks", block + 1);
  return LATHE_OK;
}
