/* A strategy that keeps every rule of lathe.h and touches every part of it: truncated SVD
 * with ranks from the budget. With PRODUCTS_ONLY it replaces layers that are products of
 * factors already, and leaves others as they are. Each file of this folder defines one or two of the hooks
 * below, and so breaks the one rule it is named after, before it includes this one. */
#include <fenv.h>
#include <lathe.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Values. */
#ifndef ABI_MAJOR
#define ABI_MAJOR LATHE_ABI_MAJOR
#endif
#ifndef MIN_HOST_MINOR
#define MIN_HOST_MINOR LATHE_ABI_MINOR
#endif
#ifndef MODULE_SIZE
#define MODULE_SIZE sizeof(lathe_module)
#endif
#ifndef INSTANCE_SIZE
#define INSTANCE_SIZE sizeof(lathe_instance)
#endif
#ifndef STRATEGIES
#define STRATEGIES &zoo_strategy
#endif
#ifndef ID
#define ID "zoo"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef SUMMARY
#define SUMMARY "truncated SVD with ranks from the budget"
#endif
#ifndef FLAGS
#define FLAGS (LATHE_STRATEGY_BLOCK_PARALLEL | LATHE_STRATEGY_TAKES_BUDGET)
#endif
#ifndef DECLARED_STATS
#define DECLARED_STATS ((1u << LATHE_STAT_INPUT_GRAM) | (1u << LATHE_STAT_INPUT_ABS_MEAN))
#endif
#ifndef REQUIRED
#define REQUIRED LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, LATHE_EXT_BUDGET, LATHE_EXT_CALIBRATION, \
  LATHE_EXT_LINALG, LATHE_EXT_PARALLEL, LATHE_EXT_RANDOM, LATHE_EXT_WORKSPACE
#endif
#ifndef AMOUNT_KEY
#define AMOUNT_KEY "amount"
#endif
#ifndef AMOUNT_DEFAULT
#define AMOUNT_DEFAULT "3"
#endif
#ifndef MODE_CHOICES
#define MODE_CHOICES 2
#endif
#ifndef ENTRY_RESULT
#define ENTRY_RESULT &zoo_module
#endif

/* Statements, with what is in scope beside `self` and `host`. */
#ifndef GLOBALS
#define GLOBALS
#endif
#ifndef ON_ENTRY
#define ON_ENTRY
#endif
#ifndef ON_CREATE /* made */
#define ON_CREATE
#endif
#ifndef ON_PLAN /* graph */
#define ON_PLAN
#endif
#ifndef ON_REQUEST /* request, calibration, node, place; before it is asked */
#define ON_REQUEST
#endif
#ifndef ON_ANALYZE /* block, graph */
#define ON_ANALYZE
#endif
#ifndef ON_GRAM /* gram: the borrowed tensor, place, block */
#define ON_GRAM
#endif
#ifndef ON_ALLOCATE
#define ON_ALLOCATE
#endif
#ifndef ON_FIT /* self->share has been chosen */
#define ON_FIT
#endif
#ifndef ON_COMPRESS /* block, graph */
#define ON_COMPRESS
#endif
#ifndef ON_PRODUCT /* now: the borrowed form; with PRODUCTS_ONLY */
#define ON_PRODUCT
#endif
#ifndef ON_NODE /* node, place, rank; before the weight is taken */
#define ON_NODE
#endif
#ifndef ON_WEIGHT /* weight, work; node, place, rank */
#define ON_WEIGHT
#endif
#ifndef ON_FACTORS /* a [out, rank], b [rank, in] as float pointers; ta, tb their tensors */
#define ON_FACTORS
#endif
#ifndef ON_FORM /* low, high: matrices; form */
#define ON_FORM
#endif
#ifndef ON_REPLACED /* status of replace_linear */
#define ON_REPLACED
#endif
#ifndef ON_DONE /* after the last node of a block */
#define ON_DONE
#endif
#ifndef ON_FORECAST /* node, place, rank */
#define ON_FORECAST
#endif
#ifndef ON_DESTROY
#define ON_DESTROY
#endif
#ifndef ON_CANCELLED
#define ON_CANCELLED return host->fail(host, LATHE_ERR_CANCELLED, "cancelled");
#endif
#ifndef ON_TASK /* task, index: a body of for_each */
#define ON_TASK
#endif
#ifndef ON_EXTENSION /* id */
#define ON_EXTENSION
#endif
#ifndef FREE_STATE
#define FREE_STATE free(self);
#endif
#ifndef FAILED
#define FAILED(status, text) host->fail(host, status, text)
#endif
#ifndef IS_CANCELLED
#define IS_CANCELLED host->is_cancelled(host)
#endif
#ifndef CLEAN
#define CLEAN \
  drop(weight); \
  drop(ta); \
  drop(tb); \
  drop(ts);
#endif

#define SOME __attribute__((unused))
enum { MAX_BLOCKS = 16 };

typedef struct state {
  lathe_instance table;
  int64_t amount;
  double strength;
  int scaled;
  double share;                 /* rank over the smaller side */
  double importance[MAX_BLOCKS]; /* mean diagonal of the Gram matrices */
  int planned, analyzed, allocated, compressed;
} state;

GLOBALS

SOME static const lathe_dtype f32 = {LATHE_FLOAT, 32, 1};
SOME static const lathe_dtype f64 = {LATHE_FLOAT, 64, 1};

static void drop(lathe_tensor *tensor) {
  if (tensor != NULL) tensor->deleter(tensor);
}

SOME static lathe_tensor *matrix(const lathe_host *host, lathe_dtype type, int64_t rows, int64_t columns) {
  lathe_tensor *made = NULL;
  const int64_t shape[2] = {rows, columns};
  return host->new_tensor(host, type, 2, shape, &made) == LATHE_OK ? made : NULL;
}

static const lathe_host_graph *graph_of(const lathe_host *host) {
  return (const lathe_host_graph *)host->get_extension(host, LATHE_EXT_GRAPH);
}

static int look(const lathe_host *host, lathe_node node, lathe_node_info *place) {
  memset(place, 0, sizeof *place);
  place->struct_size = sizeof *place;
  return graph_of(host)->node(host, node, place) == LATHE_OK;
}

static int64_t rank_of(const state *self, const lathe_node_info *place) {
  const int64_t side = place->in_features < place->out_features ? place->in_features : place->out_features;
  const int64_t rank = (int64_t)(self->share * (double)side);
  return rank < 1 ? 1 : rank > side ? side : rank;
}

/* Whether the strategy acts on the form that the layer has. */
static lathe_status acts_on(const lathe_host *host, lathe_node node, int *acts) {
  *acts = 1;
#ifdef PRODUCTS_ONLY
  const lathe_linear *now = NULL;
  const lathe_status status = graph_of(host)->linear(host, node, &now);
  if (status != LATHE_OK) return FAILED(status, "a form could not be read");
  *acts = now->term_count == 1 && now->terms[0]->factor_count > 1;
  if (*acts && now->terms[0]->factors[0]->values != NULL) { ON_PRODUCT }
#else
  (void)host, (void)node;
#endif
  return LATHE_OK;
}

/* The shape of a product of two factors; `values` come later. */
typedef struct pair {
  lathe_matrix low, high;
  const lathe_matrix *factors[2];
  lathe_term term;
  const lathe_term *terms[1];
  lathe_linear form;
} pair;

static void make_pair(pair *p, const lathe_node_info *place, int64_t rank, lathe_tensor *b, lathe_tensor *a) {
  memset(p, 0, sizeof *p);
  p->low = (lathe_matrix){sizeof p->low, LATHE_MATRIX_DENSE, rank, place->in_features, b, NULL, NULL, 0, 0, {0, 0, 0}, 0, NULL};
  p->high = (lathe_matrix){sizeof p->high, LATHE_MATRIX_DENSE, place->out_features, rank, a, NULL, NULL, 0, 0, {0, 0, 0}, 0, NULL};
  p->factors[0] = &p->low;
  p->factors[1] = &p->high;
  p->term = (lathe_term){sizeof p->term, 2, p->factors};
  p->terms[0] = &p->term;
  p->form = (lathe_linear){sizeof p->form, 1, p->terms, NULL};
}

static lathe_status plan(lathe_instance *instance, const lathe_host *host) {
  state *self = (state *)instance;
  const lathe_host_graph *graph = graph_of(host);
  const lathe_host_calibration *calibration =
    (const lathe_host_calibration *)host->get_extension(host, LATHE_EXT_CALIBRATION);
  ON_PLAN
  lathe_node_info place;
  for (lathe_node node = 0; node < graph->node_count(host); node++) {
    if (!look(host, node, &place) || place.block < 0 || place.block >= MAX_BLOCKS) continue;
    if (!(place.flags & LATHE_NODE_SELECTED)) continue;
    lathe_stat_request request = {
      sizeof request, LATHE_STAT_INPUT_GRAM, node, LATHE_STAT_FOR_ANALYZE, f64, 0, 0};
    ON_REQUEST
    lathe_status status = calibration->request(host, &request);
    request.kind = LATHE_STAT_INPUT_ABS_MEAN;
    request.flags = LATHE_STAT_FOR_COMPRESS;
    request.dtype = f32;
    if (status == LATHE_OK) status = calibration->request(host, &request);
    if (status != LATHE_OK) return FAILED(status, "a statistic could not be requested");
  }
  self->planned = 1;
  return LATHE_OK;
}

static lathe_status analyze(lathe_instance *instance, const lathe_host *host, int32_t block) {
  state *self = (state *)instance;
  const lathe_host_graph *graph = graph_of(host);
  const lathe_host_calibration *calibration =
    (const lathe_host_calibration *)host->get_extension(host, LATHE_EXT_CALIBRATION);
  const lathe_host_workspace *store =
    (const lathe_host_workspace *)host->get_extension(host, LATHE_EXT_WORKSPACE);
  self->analyzed = 1;
  ON_ANALYZE
  double sum = 0;
  lathe_node_info place;
  for (lathe_node node = 0; node < graph->node_count(host); node++) {
    if (!look(host, node, &place) || place.block != block || block >= MAX_BLOCKS) continue;
    if (!(place.flags & LATHE_NODE_SELECTED)) continue;
    if (IS_CANCELLED) { ON_CANCELLED }
    const lathe_tensor *gram = NULL;
    uint64_t tokens = 0;
    lathe_status status = calibration->stat(host, node, LATHE_STAT_INPUT_GRAM, 0, &gram, &tokens);
    if (status != LATHE_OK) return FAILED(status, "a statistic could not be read");
    ON_GRAM
    const double *values = (const double *)gram->data;
    double trace = 0;
    for (int64_t i = 0; i < place.in_features; i++) trace += values[i * place.in_features + i];
    sum += trace / (double)(tokens ? tokens : 1);
    status = store->keep(host, node, "gram", gram);
    if (status != LATHE_OK) return FAILED(status, "a statistic could not be kept");
  }
  if (block >= 0 && block < MAX_BLOCKS) self->importance[block] = sum;
  return LATHE_OK;
}

/* Bytes of all selected nodes at the present share. */
static lathe_status price(const state *self, const lathe_host *host, uint64_t *total) {
  const lathe_host_graph *graph = graph_of(host);
  const lathe_host_budget *budget = (const lathe_host_budget *)host->get_extension(host, LATHE_EXT_BUDGET);
  lathe_node_info place;
  *total = 0;
  for (lathe_node node = 0; node < graph->node_count(host); node++) {
    if (!look(host, node, &place) || !(place.flags & LATHE_NODE_SELECTED)) continue;
    int acts = 0;
    lathe_status status = acts_on(host, node, &acts);
    if (status != LATHE_OK) return status;
    if (!acts) continue;
    pair p;
    uint64_t bytes = 0;
    make_pair(&p, &place, rank_of(self, &place), NULL, NULL);
    status = budget->cost(host, node, &p.form, &bytes);
    if (status != LATHE_OK) return FAILED(status, "a form could not be priced");
    *total += bytes;
  }
  return LATHE_OK;
}

static lathe_status allocate(lathe_instance *instance, const lathe_host *host) {
  state *self = (state *)instance;
  const lathe_host_budget *budget = (const lathe_host_budget *)host->get_extension(host, LATHE_EXT_BUDGET);
  uint64_t target = 0, total = 0;
  ON_ALLOCATE
  lathe_status status = budget->target(host, &target);
  if (status != LATHE_OK) return FAILED(status, "there is no budget");
  double low = 0, high = 1;
  for (int step = 0; step < 20; step++) {
    self->share = (low + high) / 2;
    status = price(self, host, &total);
    if (status != LATHE_OK) return status;
    if (total <= target) low = self->share; else high = self->share;
  }
  self->share = low;
  status = price(self, host, &total);
  if (status != LATHE_OK) return status;
  if (total > target) return FAILED(LATHE_ERR_INVALID, "the budget is below rank 1; raise keep");
  ON_FIT
  self->allocated = 1;
  return LATHE_OK;
}

typedef struct task {
  const lathe_host *host;
  float *rows;
  const float *scales;
  int64_t width;
} task;

static lathe_status scale_row(void *context, uint64_t index) {
  task *work = (task *)context;
  ON_TASK
  for (int64_t j = 0; j < work->width; j++) work->rows[(int64_t)index * work->width + j] *= work->scales[index];
  return LATHE_OK;
}

static lathe_status compress_node(state *self, const lathe_host *host, lathe_node node, const lathe_node_info *place) {
  const lathe_host_graph *graph = graph_of(host);
  const lathe_host_linalg *algebra = (const lathe_host_linalg *)host->get_extension(host, LATHE_EXT_LINALG);
  const lathe_host_parallel *parallel = (const lathe_host_parallel *)host->get_extension(host, LATHE_EXT_PARALLEL);
  const lathe_host_workspace *store = (const lathe_host_workspace *)host->get_extension(host, LATHE_EXT_WORKSPACE);
  const lathe_host_report *report = (const lathe_host_report *)host->get_extension(host, LATHE_EXT_REPORT);
  int64_t rank = rank_of(self, place);
  lathe_tensor *weight = NULL, *ta = NULL, *tb = NULL, *ts = NULL;
  int acts = 0;
  lathe_status status = acts_on(host, node, &acts);
  if (status != LATHE_OK || !acts) return status;
  ON_NODE
  status = graph->dense_weight(host, node, &weight);
  if (status != LATHE_OK) return FAILED(status, "a weight could not be read");
  const int64_t extent[1] = {rank};
  ta = matrix(host, f32, place->out_features, rank);
  tb = matrix(host, f32, rank, place->in_features);
  if (host->new_tensor(host, f32, 1, extent, &ts) != LATHE_OK) ts = NULL;
  float *work = (float *)store->scratch(host, (uint64_t)(rank * (int64_t)sizeof *work));
  if (ta == NULL || tb == NULL || ts == NULL || work == NULL) {
    CLEAN
    return FAILED(LATHE_ERR_NO_MEMORY, "no memory for the factors");
  }
  ON_WEIGHT
  status = algebra->svd(host, weight, ta, ts, tb);
  if (status == LATHE_OK) {
    memcpy(work, ts->data, (size_t)rank * sizeof *work);
    task rows = {host, (float *)tb->data, work, place->in_features};
    status = parallel->for_each(host, (uint64_t)rank, scale_row, &rows);
  }
  if (status == LATHE_OK) {
    float *a = (float *)ta->data, *b = (float *)tb->data;
    (void)a, (void)b;
    ON_FACTORS
    pair p;
    make_pair(&p, place, rank, tb, ta);
    ON_FORM
    status = graph->replace_linear(host, node, &p.form);
    ON_REPLACED
  }
  CLEAN
  if (status != LATHE_OK) return FAILED(status, "a layer could not be replaced");
  if (report != NULL && LATHE_HAS(report, metric)) report->metric(host, node, "rank", (double)rank);
  return LATHE_OK;
}

static lathe_status compress(lathe_instance *instance, const lathe_host *host, int32_t block) {
  state *self = (state *)instance;
  const lathe_host_graph *graph = graph_of(host);
  const lathe_host_calibration *calibration =
    (const lathe_host_calibration *)host->get_extension(host, LATHE_EXT_CALIBRATION);
  const lathe_host_workspace *store =
    (const lathe_host_workspace *)host->get_extension(host, LATHE_EXT_WORKSPACE);
  self->compressed = 1;
  ON_COMPRESS
  lathe_node_info place;
  for (lathe_node node = 0; node < graph->node_count(host); node++) {
    if (!look(host, node, &place) || place.block != block) continue;
    if (!(place.flags & LATHE_NODE_SELECTED)) continue;
    if (IS_CANCELLED) { ON_CANCELLED }
    if (block >= 0) {
      const lathe_tensor *mean = NULL, *gram = NULL;
      uint64_t tokens = 0;
      lathe_status status = calibration->stat(host, node, LATHE_STAT_INPUT_ABS_MEAN, 0, &mean, &tokens);
      if (status == LATHE_OK) status = store->kept(host, node, "gram", &gram);
      if (status != LATHE_OK) return FAILED(status, "a statistic could not be read");
    }
    const lathe_status status = compress_node(self, host, node, &place);
    if (status != LATHE_OK) return status;
  }
  ON_DONE
  host->progress(host, 1, "compress");
  return LATHE_OK;
}

static lathe_status finish(lathe_instance *instance, const lathe_host *host) {
  (void)instance;
  host->log(host, LATHE_LOG_DEBUG, "done");
  return LATHE_OK;
}

static lathe_status forecast(lathe_instance *instance, const lathe_host *host, lathe_node node) {
  state *self = (state *)instance;
  lathe_node_info place;
  if (!look(host, node, &place)) return FAILED(LATHE_ERR_INVALID, "no such node");
  int64_t rank = rank_of(self, &place);
  int acts = 0;
  lathe_status status = acts_on(host, node, &acts);
  if (status != LATHE_OK || !acts) return status;
  ON_FORECAST
  pair p;
  make_pair(&p, &place, rank, NULL, NULL);
  status = graph_of(host)->replace_linear(host, node, &p.form);
  return status == LATHE_OK ? status : FAILED(status, "a forecast was refused");
}

static void destroy(lathe_instance *instance) {
  state *self = (state *)instance;
  ON_DESTROY
  FREE_STATE
}

static const void *extension(lathe_instance *instance, const char *id) {
  (void)instance, (void)id;
  ON_EXTENSION
  return NULL;
}

static lathe_status create(const lathe_strategy *strategy, const lathe_host *host, lathe_instance **out) {
  (void)strategy;
  const lathe_host_params *params = (const lathe_host_params *)host->get_extension(host, LATHE_EXT_PARAMS);
  const char *mode = NULL;
  state *made = (state *)calloc(1, sizeof *made);
  if (made == NULL) return FAILED(LATHE_ERR_NO_MEMORY, "no memory for an instance");
  lathe_status status = params->get_int(host, AMOUNT_KEY, &made->amount);
  if (status == LATHE_OK) status = params->get_float(host, "strength", &made->strength);
  if (status == LATHE_OK) status = params->get_text(host, "mode", &mode);
  if (status != LATHE_OK) {
    free(made);
    return FAILED(status, "a parameter could not be read");
  }
  made->scaled = strcmp(mode, "scaled") == 0;
  made->share = 0.25;
  made->table = (lathe_instance){
    INSTANCE_SIZE, 0, NULL, destroy, plan, analyze, allocate, compress, finish, forecast, extension};
  *out = &made->table;
  ON_CREATE
  return LATHE_OK;
}

static const char *const choices[] = {"plain", "scaled"};
static lathe_param amount SOME = {
  sizeof(lathe_param), LATHE_PARAM_INT, 0, 0, AMOUNT_KEY, "a number", AMOUNT_DEFAULT, 0, 10, NULL};
static const lathe_param strength = {
  sizeof(lathe_param), LATHE_PARAM_FLOAT, 0, 0, "strength", "a share", "1.0", 0.5, 2, NULL};
static const lathe_param mode = {
  sizeof(lathe_param), LATHE_PARAM_CHOICE, 0, MODE_CHOICES, "mode", "a way", "plain", -INFINITY, INFINITY, choices};
static const lathe_param *const parameters[] = {&amount, &strength, &mode};
static const char *const required[] = {REQUIRED, NULL};
static const char *const optional[] = {LATHE_EXT_REPORT, NULL};
static lathe_strategy zoo_strategy = {
  sizeof zoo_strategy, FLAGS, ID, "Zoo", VERSION, SUMMARY, "", required, optional, parameters, 3, DECLARED_STATS, create};
static const lathe_strategy *const strategies[] = {STRATEGIES};
static const lathe_module zoo_module SOME = {
  MODULE_SIZE, ABI_MAJOR, LATHE_ABI_MINOR, MIN_HOST_MINOR, 0, sizeof strategies / sizeof strategies[0], strategies, "Tests", "none"};

LATHE_EXPORT const lathe_module *lathe_entry(const lathe_entry_info *info);
const lathe_module *lathe_entry(const lathe_entry_info *info) {
  (void)info;
  ON_ENTRY
  return ENTRY_RESULT;
}
