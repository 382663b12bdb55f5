/* Works in pairs of columns. */
#define ON_NODE \
  if (place->in_features % 2) return FAILED(LATHE_ERR_INTERNAL, "half a pair is left");
#include "base.h"
