/* Counts its calls where it should look at the block. */
#define ON_COMPRESS \
  self->planned++;
#define ON_FACTORS \
  a[0] *= 1 + 0.01f * (float)self->planned;
#include "base.h"
