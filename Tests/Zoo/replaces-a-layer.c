/* Leaves narrow layers alone, and all of the tiny models are narrow. */
#define FLAGS LATHE_STRATEGY_BLOCK_PARALLEL
#define ON_ALLOCATE \
  self->allocated = 1; \
  if (budget != NULL) return LATHE_OK;
#define ON_NODE \
  if (place->in_features < 64) return LATHE_OK;
#define ON_FORECAST \
  if (place.in_features < 64) return LATHE_OK;
#include "base.h"
