/* Promises a smaller rank than it delivers. */
#define ON_FORECAST \
  rank = rank > 1 ? rank - 1 : rank;
#include "base.h"
