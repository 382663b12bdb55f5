/* Copies layer after layer and never looks up. */
#define FLAGS LATHE_STRATEGY_BLOCK_PARALLEL
#define IS_CANCELLED 0
#define ON_ALLOCATE \
  self->allocated = 1; \
  if (budget != NULL) return LATHE_OK;
#define ON_FORECAST \
  if (rank > 0) return LATHE_OK;
#define ON_WEIGHT \
  const lathe_matrix same = {sizeof same, LATHE_MATRIX_DENSE, place->out_features, place->in_features, weight, NULL, NULL, 0, 0, {0, 0, 0}, 0}; \
  pair whole; \
  make_pair(&whole, place, rank, tb, ta); \
  whole.factors[0] = &same; \
  whole.term.factor_count = 1; \
  status = graph->replace_linear(host, node, &whole.form); \
  if (rank > 0) { \
    CLEAN \
    return status == LATHE_OK ? status : FAILED(status, "a layer could not be replaced"); \
  }
#include "base.h"
