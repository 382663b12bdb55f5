/* Remembers the block at hand in the instance. */
#define ON_COMPRESS \
  self->planned = 1 + block; \
  usleep(5000);
#define ON_FACTORS \
  a[0] *= 1 + 0.01f * (float)self->planned;
#include "base.h"
