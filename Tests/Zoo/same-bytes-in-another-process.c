/* Takes its randomness from the number of the process. */
#define ON_FACTORS \
  a[0] *= 1 + 1e-6f * (float)(getpid() & 1023);
#include "base.h"
