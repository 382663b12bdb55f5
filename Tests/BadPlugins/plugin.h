/* A plugin that keeps every rule of lathe.h. A file of this folder defines one of the
 * macros below, and so breaks one rule, before it includes this one. */
#include <lathe.h>
#include <stdlib.h>

#ifndef ABI_MAJOR
#define ABI_MAJOR LATHE_ABI_MAJOR
#endif
#ifndef MIN_HOST_MINOR
#define MIN_HOST_MINOR LATHE_ABI_MINOR
#endif
#ifndef MODULE_SIZE
#define MODULE_SIZE sizeof(lathe_module)
#endif
#ifndef STRATEGY_SIZE
#define STRATEGY_SIZE sizeof(lathe_strategy)
#endif
#ifndef INSTANCE_SIZE
#define INSTANCE_SIZE sizeof(lathe_instance)
#endif
#ifndef STRATEGY_COUNT
#define STRATEGY_COUNT 1
#endif
#ifndef ID
#define ID "test-plugin"
#endif
#ifndef SUMMARY
#define SUMMARY "does what a test asks for"
#endif
#ifndef FLAGS
#define FLAGS 0
#endif
#ifndef FIRST_DEFAULT
#define FIRST_DEFAULT "3"
#endif
#ifndef SECOND_KEY
#define SECOND_KEY "note"
#endif
#ifndef REQUIRED
#define REQUIRED LATHE_EXT_GRAPH
#endif
#ifndef DECLARED_STATS
#define DECLARED_STATS 0
#endif
#ifndef CREATE
#define CREATE
#endif
#ifndef PLAN
#define PLAN
#endif
#ifndef COMPRESS
#define COMPRESS
#endif
#ifndef ENTRY_RESULT
#define ENTRY_RESULT &module
#endif

#define USED_BY_SOME __attribute__((unused))

static const lathe_dtype float32 USED_BY_SOME = {LATHE_FLOAT, 32, 1};
static const lathe_dtype code8 USED_BY_SOME = {LATHE_UINT, 8, 1};

/* A tensor over memory that lives as long as the call. */
USED_BY_SOME static lathe_tensor tensor(void *data, lathe_dtype dtype, int32_t ndim, int64_t *shape) {
  lathe_tensor result = {1, 1, NULL, NULL, 0, data, 1, 0, ndim, dtype, shape, NULL, 0};
  return result;
}

USED_BY_SOME static lathe_node_info info(const lathe_host *host, lathe_node node) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  lathe_node_info result = {0};
  result.struct_size = sizeof result;
  graph->node(host, node, &result);
  return result;
}

/* Puts one factor in the place of `node`. */
USED_BY_SOME static lathe_status put(const lathe_host *host, lathe_node node, const lathe_matrix *matrix) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  const lathe_term term = {sizeof term, 1, &matrix};
  const lathe_term *terms = &term;
  const lathe_linear linear = {sizeof linear, 1, &terms, NULL};
  return graph->replace_linear(host, node, &linear);
}

/* Puts a dense matrix with all elements `value` in the place of `node`. */
USED_BY_SOME static lathe_status fill(const lathe_host *host, lathe_node node, int64_t more_rows, float value) {
  const lathe_node_info place = info(host, node);
  int64_t shape[2] = {place.out_features + more_rows, place.in_features};
  const int64_t count = shape[0] * shape[1];
  float *values = malloc((size_t)count * sizeof *values);
  if (values == NULL) return LATHE_ERR_NO_MEMORY;
  for (int64_t i = 0; i < count; i++) values[i] = value;
  lathe_tensor stored = tensor(values, float32, 2, shape);
  lathe_matrix matrix = {sizeof matrix, LATHE_MATRIX_DENSE, shape[0], shape[1], &stored, NULL, NULL, 0, 0, {0, 0, 0}, 0};
  const lathe_status status = put(host, node, &matrix);
  free(values);
  return status;
}

static void destroy(lathe_instance *instance) { (void)instance; }
static lathe_status plan(lathe_instance *instance, const lathe_host *host) {
  (void)instance, (void)host;
  PLAN
  return LATHE_OK;
}
static lathe_status compress(lathe_instance *instance, const lathe_host *host, int32_t block) {
  (void)instance, (void)host, (void)block;
  COMPRESS
  return LATHE_OK;
}
#ifdef ALLOCATE
/* What a training call needs: the table, a loss with both weights 1, the first window, factor 0 of node 0. */
static lathe_status allocate(lathe_instance *instance, const lathe_host *host) {
  (void)instance;
  const lathe_host_training *training = host->get_extension(host, LATHE_EXT_TRAINING);
  lathe_loss loss USED_BY_SOME = {sizeof loss, 0, 1, 1, 0, 0};
  uint32_t batches[1] USED_BY_SOME = {0};
  lathe_factor_ref factor USED_BY_SOME = {0, 0, 0, 0};
  const lathe_node_info place = info(host, 0);
  int64_t shape[2] = {place.out_features, place.in_features};
  float *numbers = calloc((size_t)(shape[0] * shape[1]), sizeof *numbers);
  if (numbers == NULL) return LATHE_ERR_NO_MEMORY;
  lathe_tensor values = tensor(numbers, float32, 2, shape);
  lathe_tensor *gradients[1] USED_BY_SOME = {&values};
  const lathe_tensor *news[1] USED_BY_SOME = {&values};
  lathe_matrix matrix = {sizeof matrix, LATHE_MATRIX_DENSE, shape[0], shape[1], &values, NULL, NULL, 0, 0, {0, 0, 0}, 0};
  const lathe_matrix *matrices[1] = {&matrix};
  const lathe_term term = {sizeof term, 1, matrices};
  const lathe_term *terms = &term;
  const lathe_linear form USED_BY_SOME = {sizeof form, 1, &terms, NULL};
  lathe_status status = LATHE_OK;
  ALLOCATE
  free(numbers);
  return status;
}
#else
#define allocate NULL
#endif
static lathe_instance the_instance USED_BY_SOME = {
  INSTANCE_SIZE, 0, NULL, destroy, plan, NULL, allocate, compress, NULL, NULL, NULL};

static lathe_status create(const lathe_strategy *strategy, const lathe_host *host, lathe_instance **out) {
  (void)strategy, (void)host;
  *out = &the_instance;
  CREATE
  return LATHE_OK;
}

static const lathe_param first = {
  sizeof(lathe_param), LATHE_PARAM_INT, 0, 0, "amount", "a number", FIRST_DEFAULT, 0, 10, NULL};
static const lathe_param second = {
  sizeof(lathe_param), LATHE_PARAM_STRING, 0, 0, SECOND_KEY, "some text", "", 0, 0, NULL};
static const lathe_param *const parameters[] = {&first, &second};
static const char *const required[] = {REQUIRED, NULL};
static const char *const optional[] = {NULL};
static const lathe_strategy strategy = {
  STRATEGY_SIZE, FLAGS, ID, "Test", "1.0.0", SUMMARY, "", required, optional, parameters, 2, DECLARED_STATS, create};
static const lathe_strategy *const strategies[] = {&strategy};
static const lathe_module module USED_BY_SOME = {
  MODULE_SIZE, ABI_MAJOR, LATHE_ABI_MINOR, MIN_HOST_MINOR, 0, STRATEGY_COUNT, strategies, "Tests", "none"};

#ifndef NO_ENTRY
LATHE_EXPORT const lathe_module *lathe_entry(const lathe_entry_info *info);
LATHE_EXPORT const lathe_module *lathe_entry(const lathe_entry_info *info) {
  (void)info;
  return ENTRY_RESULT;
}
#else
const lathe_module *NO_ENTRY(void);
LATHE_EXPORT const lathe_module *NO_ENTRY(void) { return &module; }
#endif
