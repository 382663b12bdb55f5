/* Breaks down for values in the middle of the range. */
#define ON_PLAN \
  if (self->amount >= 4 && self->amount <= 6 && self->strength != 1) \
    return FAILED(LATHE_ERR_INTERNAL, "this should not happen");
#include "base.h"
