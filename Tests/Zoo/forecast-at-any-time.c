/* Knows nothing before allocate, and calls that an internal error. */
#define ON_FORECAST \
  if (!self->allocated) return FAILED(LATHE_ERR_INTERNAL, "not yet");
#include "base.h"
